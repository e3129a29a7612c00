//! Forms as text, which callers can remember: `spread 8x16 of 8x8 in registers`.

use std::fmt;
use std::str::FromStr;

use super::{Dot, Family, Kernel, Kernels};

/// The text does not name a usable form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a form of the product")]
pub struct UnknownKernel(pub String);

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dot::Packed => "packed",
            Dot::Spread => "spread",
            Dot::Float => "float",
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Family::Registers => f.write_str("registers"),
            Family::Quads => f.write_str("quads"),
            Family::Workgroup { depth } => write!(f, "workgroup:{depth}"),
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kernel { rows, cols, lanes, groups, dot, family } = self;
        write!(f, "{dot} {rows}x{cols} of {lanes}x{groups} in {family}")
    }
}

impl fmt::Display for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.integers, self.floats)
    }
}

impl FromStr for Kernel {
    type Err = UnknownKernel;

    fn from_str(text: &str) -> Result<Self, UnknownKernel> {
        parse(text).filter(Kernel::is_sound).ok_or_else(|| UnknownKernel(text.into()))
    }
}

impl FromStr for Kernels {
    type Err = UnknownKernel;

    fn from_str(text: &str) -> Result<Self, UnknownKernel> {
        let (integers, floats) = text.split_once(", ").ok_or_else(|| UnknownKernel(text.into()))?;
        Ok(Kernels { integers: integers.parse()?, floats: floats.parse()? })
    }
}

fn parse(text: &str) -> Option<Kernel> {
    let words: Vec<&str> = text.split(' ').collect();
    let [dot, tile, "of", workgroup, "in", family] = words[..] else { return None };
    let dot = [Dot::Packed, Dot::Spread, Dot::Float].into_iter().find(|known| known.to_string() == dot)?;
    let family = match family.split_once(':') {
        Some(("workgroup", depth)) => Family::Workgroup { depth: depth.parse().ok()? },
        None if family == "registers" => Family::Registers,
        None if family == "quads" => Family::Quads,
        _ => return None,
    };
    let ((rows, cols), (lanes, groups)) = (pair(tile)?, pair(workgroup)?);
    Some(Kernel { rows, cols, lanes, groups, dot, family })
}

fn pair(text: &str) -> Option<(u32, u32)> {
    let (left, right) = text.split_once('x')?;
    Some((left.parse().ok()?, right.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Numbers;

    #[test]
    fn forms_are_read_back() {
        for numbers in [Numbers::Integers, Numbers::Floats] {
            for kernel in Kernel::candidates(numbers, false, 32, true) {
                assert_eq!(kernel.to_string().parse(), Ok(kernel));
            }
        }
        let of = |numbers| Kernel::candidates(numbers, true, 4, false)[0];
        let kernels = Kernels { integers: of(Numbers::Integers), floats: of(Numbers::Floats) };
        assert_eq!(kernels.to_string(), "spread 16x4 of 32x1 in quads, float 16x8 of 16x1 in quads");
        assert_eq!(kernels.to_string().parse(), Ok(kernels));
    }

    #[test]
    fn malformed_and_unsound_forms_are_refused() {
        for text in [
            "",
            "float",
            "float 8x8 of 16x4 in memory",
            "float 0x8 of 16x4 in registers",
            "float 8x6 of 16x4 in registers",
            "float 64x8 of 16x4 in registers",
            "float 8x8 of 0x4 in registers",
            "float 8x8 of 4294967295x2 in registers",
            "float 8x8 of 16x4 in quads",
            "float 8x8 of 2x1 in quads",
            "packed 8x8 of 16x1 in quads",
            "float 8x8 of 16x16 in workgroup:0",
            "float 8x8 of 16x16 in workgroup:4294967295",
            "float 8x8 of 16x16 in workgroup:17",
        ] {
            assert_eq!(text.parse::<Kernel>(), Err(UnknownKernel(text.into())));
        }
    }
}
