//! Splits a target's input into fields and pieces.

/// Takes a field of `N` bytes off the input, padded with zeros if the input is short.
pub(crate) fn field<const N: usize>(input: &mut &[u8]) -> [u8; N] {
    let (taken, rest) = input.split_at(N.min(input.len()));
    *input = rest;
    let mut field = [0; N];
    field[..taken.len()].copy_from_slice(taken);
    field
}

/// Takes a piece off the input, prefixed with its length in two bytes.
pub(crate) fn piece<'a>(input: &mut &'a [u8]) -> &'a [u8] {
    let length = usize::from(u16::from_le_bytes(field(input)));
    let (piece, rest) = input.split_at(length.min(input.len()));
    *input = rest;
    piece
}

/// The bytes in the form that [`piece`] reads.
pub(crate) fn as_piece(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("seeds are short");
    [&length.to_le_bytes()[..], bytes].concat()
}
