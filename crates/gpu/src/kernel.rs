//! The forms a kernel can take, and which of them to try on an adapter.

mod wgsl;

/// How four 8-bit products are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dot {
    /// WGSL's `dot4I8Packed`: one instruction on recent hardware. Needs the language feature
    /// `packed_4x8_integer_dot_product`.
    Packed,
    /// Bytes spread to i32 with shifts, multiplied as i32: runs wherever compute shaders do.
    Spread,
}

/// One form of the product kernel: a register tile per invocation, no workgroup memory, no barrier.
///
/// An invocation sums `rows x cols` entries of the product in registers. A workgroup is `lanes x groups` invocations:
/// its lanes sit side by side on one row tile and share a strip of `lanes * cols` columns, its groups lie below each
/// other. The usual kernel with tiles in workgroup memory runs two to ten times slower on software adapters, which have
/// to simulate its barriers. A family for known hardware, when it comes, is a second module beside `wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Rows summed by an invocation: 4, 8, ... 32.
    pub rows: u32,
    /// Columns summed by an invocation: 4, 8, ... 32.
    pub cols: u32,
    /// Invocations of a workgroup side by side.
    pub lanes: u32,
    /// Invocations of a workgroup below each other; with the lanes no more than 256 in all.
    pub groups: u32,
    /// How four products are summed.
    pub dot: Dot,
}

impl Kernel {
    /// The forms to try, best first. `packed` says whether the language has `dot4I8Packed`.
    ///
    /// `examples/race.rs` chose the tile for software: wide, and spread, as SwiftShader takes `dot4I8Packed` apart anew
    /// for every use. A larger tile would leave no registers to hardware.
    pub(crate) fn candidates(software: bool, packed: bool) -> Vec<Kernel> {
        let spread = Kernel { rows: 8, cols: 8, lanes: 16, groups: 4, dot: Dot::Spread };
        match (software, packed) {
            (true, _) => vec![Kernel { cols: 16, lanes: 8, groups: 8, ..spread }],
            (false, true) => vec![Kernel { dot: Dot::Packed, ..spread }, spread],
            (false, false) => vec![spread],
        }
    }

    /// Whether the text can be written and its indices stay in their buffers.
    pub(crate) fn is_sound(&self) -> bool {
        let side = |length: u32| length.is_multiple_of(4) && (4..=32).contains(&length);
        let invocations = self.lanes.saturating_mul(self.groups);
        side(self.rows) && side(self.cols) && (1..=256).contains(&invocations)
    }

    /// Columns of the strip that one workgroup covers.
    pub(crate) fn strip(&self) -> u32 {
        self.lanes * self.cols
    }
}
