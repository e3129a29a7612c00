//! The forms to try on an adapter.

use super::{Dot, Family, Kernel, Numbers};

/// A form with these sides and this shape of workgroup.
const fn kernel(rows: u32, cols: u32, lanes: u32, groups: u32, dot: Dot, family: Family) -> Kernel {
    Kernel { rows, cols, lanes, groups, dot, family }
}

impl Kernel {
    /// The forms to try, the likeliest first. `subgroup` is the adapter's subgroup size, and `packed` says whether WGSL
    /// has `dot4I8Packed` here.
    ///
    /// On software, wide tiles in registers win, and quads with subgroups of four, as on SwiftShader
    /// (`examples/race.rs`). Without subgroups the driver refuses quads and the others are tried. Bytes are widened,
    /// because SwiftShader expands `dot4I8Packed` at every use. The tiles for hardware did best on adapters of four
    /// vendors in published searches: 4 x 4 to 8 x 8 per invocation, 64 to 128 per workgroup (ggml-org/llama.cpp, pull
    /// request 22241; siboehm.com, "How to Optimize a CUDA Matmul Kernel", kernels 5 and 9).
    pub(crate) fn candidates(numbers: Numbers, software: bool, subgroup: u32, packed: bool) -> Vec<Kernel> {
        let dots: &[Dot] = match (numbers, packed) {
            (Numbers::Floats, _) => &[Dot::Float],
            (Numbers::Integers, true) if !software => &[Dot::Packed, Dot::Spread],
            (Numbers::Integers, _) => &[Dot::Spread],
        };
        let forms = |dot: Dot| -> Vec<Kernel> {
            if software {
                let (rows, cols) = if dot == Dot::Float { (16, 8) } else { (16, 4) };
                let quads = kernel(rows, cols, 128 / cols, 1, dot, Family::Quads);
                let wide = kernel(8, 16, 8, 8, dot, Family::Registers);
                // In a larger tile more products share the widened bytes. Floats gain nothing and compile more slowly.
                let large = (dot == Dot::Spread).then_some(Kernel { rows: 16, ..wide });
                let others = [wide, kernel(8, 8, 16, 16, dot, Family::Registers)];
                return (subgroup == 4).then_some(quads).into_iter().chain(large).chain(others).collect();
            }
            vec![
                kernel(8, 8, 16, 4, dot, Family::Registers),
                kernel(8, 4, 16, 16, dot, Family::Workgroup { depth: 16 }),
                kernel(8, 8, 16, 16, dot, Family::Workgroup { depth: 8 }),
                kernel(4, 4, 16, 16, dot, Family::Workgroup { depth: 16 }),
                kernel(4, 4, 8, 8, dot, Family::Registers),
            ]
        };
        dots.iter().flat_map(|dot| forms(*dot)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_is_sound_and_multiplies_what_is_asked() {
        for numbers in [Numbers::Integers, Numbers::Floats] {
            for (software, subgroup, packed) in
                [(false, 32, false), (false, 4, true), (true, 4, false), (true, 8, false), (true, 0, true)]
            {
                let candidates = Kernel::candidates(numbers, software, subgroup, packed);
                let quads = candidates[0].family == Family::Quads;
                assert_eq!(quads, software && subgroup == 4);
                assert!(candidates.len() > 1);
                assert!(candidates.iter().all(|kernel| kernel.is_sound() && kernel.dot.numbers() == numbers));
                assert!(packed || candidates.iter().all(|kernel| kernel.dot != Dot::Packed));
            }
        }
    }
}
