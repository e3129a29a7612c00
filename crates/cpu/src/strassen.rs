//! Strassen's algorithm: seven products of half-size matrices instead of eight, with the same bits.
//!
//! Integer sums are exact and C is defined modulo 2^32, so the order of additions does not matter. A sum of two bytes
//! needs nine bits, so this works only with tiles that multiply 16. A second level of recursion gained nothing (n =
//! 1024 and 2048, WebAssembly): its additions cost what the saved products did.
//!
//! Sources: Strassen 1969, "Gaussian elimination is not optimal". Huang, Smith, Henry and van de Geijn 2016,
//! "Strassen's algorithm reloaded", section 4: parts are added while they are packed, and a product goes to all its
//! parts of C without temporary matrices.

use crate::packed::DEPTH;
use crate::sums;

/// The least length of a part along k and n; below it, additions cost more than they save.
const LEAST: usize = 256;
/// The least number of rows of a part.
const LEAST_ROWS: usize = 96;

/// A quarter of a matrix, or the whole of it, and whether it is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) negative: bool,
}

const fn plus(row: usize, column: usize) -> Part {
    Part { row, column, negative: false }
}

const fn minus(row: usize, column: usize) -> Part {
    Part { row, column, negative: true }
}

/// A sum of parts of A times a sum of parts of B, written to parts of C or added to them.
pub(crate) struct Product {
    pub(crate) left: &'static [Part],
    pub(crate) right: &'static [Part],
    /// The parts of C to which no earlier product went. None of them is negative.
    pub(crate) first: &'static [Part],
    /// The parts of C to which an earlier product went.
    pub(crate) next: &'static [Part],
}

const fn product(
    left: &'static [Part],
    right: &'static [Part],
    first: &'static [Part],
    next: &'static [Part],
) -> Product {
    Product { left, right, first, next }
}

/// A · B as one product.
const WHOLE: [Product; 1] = [product(&[plus(0, 0)], &[plus(0, 0)], &[plus(0, 0)], &[])];

/// Strassen's products I to VII.
const SEVEN: [Product; 7] = [
    product(&[plus(0, 0), plus(1, 1)], &[plus(0, 0), plus(1, 1)], &[plus(0, 0), plus(1, 1)], &[]),
    product(&[plus(1, 0), plus(1, 1)], &[plus(0, 0)], &[plus(1, 0)], &[minus(1, 1)]),
    product(&[plus(0, 0)], &[plus(0, 1), minus(1, 1)], &[plus(0, 1)], &[plus(1, 1)]),
    product(&[plus(1, 1)], &[plus(1, 0), minus(0, 0)], &[], &[plus(0, 0), plus(1, 0)]),
    product(&[plus(0, 0), plus(0, 1)], &[plus(1, 1)], &[], &[minus(0, 0), plus(0, 1)]),
    product(&[plus(1, 0), minus(0, 0)], &[plus(0, 0), plus(0, 1)], &[], &[plus(1, 1)]),
    product(&[plus(0, 1), minus(1, 1)], &[plus(1, 0), plus(1, 1)], &[], &[plus(0, 0)]),
];

/// The products that make up rows × k · k × n, and the number of parts per side. Parts consist of whole panels of
/// `width` columns and, along k, of whole blocks of B, unless one block holds them all.
pub(crate) fn products([rows, k, n]: [usize; 3], width: usize) -> (&'static [Product], usize) {
    let long = rows >= 2 * LEAST_ROWS && k >= 2 * LEAST && n >= 2 * LEAST;
    let whole = |length: usize, unit: usize| length.is_multiple_of(2 * unit);
    if long && whole(rows, 1) && whole(n, width) && whole(k, if k <= DEPTH { 2 } else { DEPTH }) {
        (&SEVEN, 2)
    } else {
        (&WHOLE, 1)
    }
}

/// Appends the elementwise sum of `parts`, padded with zeros to `length`.
pub(crate) fn add_up<'a>(parts: &[Part], values: impl Fn(&Part) -> &'a [i8], length: usize, sums: &mut Vec<i16>) {
    let begin = sums.len();
    sums.resize(begin + length, 0);
    for part in parts {
        sums::add_bytes(&mut sums[begin..], values(part), part.negative);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of these parts of a two by two matrix.
    fn sum(parts: &[Part], of: [[i64; 2]; 2]) -> i64 {
        parts
            .iter()
            .map(|part| if part.negative { -of[part.row][part.column] } else { of[part.row][part.column] })
            .sum()
    }

    #[test]
    fn seven_products_replace_eight() {
        let (a, b) = ([[2, 3], [5, 7]], [[11, 13], [17, 19]]);
        let mut c = [[None; 2]; 2];
        for product in &SEVEN {
            let value = sum(product.left, a) * sum(product.right, b);
            for part in product.first {
                assert!(!part.negative && c[part.row][part.column].is_none(), "{part:?} is written twice");
                c[part.row][part.column] = Some(value);
            }
            for part in product.next {
                let sum = c[part.row][part.column].as_mut().expect("an earlier product went there");
                *sum += if part.negative { -value } else { value };
            }
        }
        assert_eq!(
            c.map(|row| row.map(Option::unwrap)),
            [[2 * 11 + 3 * 17, 2 * 13 + 3 * 19], [5 * 11 + 7 * 17, 5 * 13 + 7 * 19]]
        );
    }

    #[test]
    fn long_even_matrices_are_cut() {
        let parts = |size| products(size, 16).1;
        for size in [[192, 512, 512], [194, 516, 544], [1000, 1024, 1024], [192, 2048, 512], [192, 4096, 512]] {
            assert_eq!(parts(size), 2, "{size:?}");
        }
        for size in
            [[190, 512, 512], [193, 512, 512], [192, 510, 512], [192, 514, 512], [192, 512, 528], [192, 3072, 512]]
        {
            assert_eq!(parts(size), 1, "{size:?}");
        }
    }
}
