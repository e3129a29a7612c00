//! The forms that the product can take on a graphics adapter.

mod candidates;
mod name;
mod quads;
mod wgsl;

pub use name::UnknownKernel;

/// What is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// 8-bit integers, summed in 32 bits.
    Integers,
    /// f32, summed in f32.
    Floats,
}

/// How a word of the left operand and one of the right are multiplied and added to a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dot {
    /// Four 8-bit products by WGSL's `dot4I8Packed`: one instruction on recent hardware. Needs the language feature
    /// `packed_4x8_integer_dot_product`.
    Packed,
    /// Four 8-bit products, bytes spread to i32, in quads to f32: runs wherever compute shaders do.
    Spread,
    /// One f32 product.
    Float,
}

/// Where operands are while they are read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// In registers and the hardware's caches: no workgroup memory, no barrier. Software adapters, which have to simulate
    /// barriers, run it two to ten times faster than the other.
    Registers,
    /// The same, but a row is loaded by one of four neighbours that share it, a quad, and handed on by swaps; a product of 4 x 4
    /// words with a row's four is one operation of f32, exact for bytes. Needs subgroups. On SwiftShader, where each load is
    /// a subroutine for each invocation, it is nearly twice as fast as registers alone; on Mesa's software adapter it is not.
    Quads,
    /// In workgroup memory, so many words along k at a time: what hardware likes.
    Workgroup {
        /// Words along k of a block.
        depth: u32,
    },
}

/// One form of the product kernel.
///
/// An invocation sums `rows x cols` entries of the product in registers. A workgroup is `lanes x groups` invocations:
/// its lanes sit side by side and share a strip of `lanes * cols` columns, its groups lie below each other.
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
    /// How products are summed.
    pub dot: Dot,
    /// Where operands wait.
    pub family: Family,
}

/// The forms in use on a device, which are text too, to be remembered: see [`GpuDevice::open_with`](crate::GpuDevice::open_with).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels {
    /// Of 8-bit integers.
    pub integers: Kernel,
    /// Of f32.
    pub floats: Kernel,
}

/// What every device gives a workgroup: wgpu asks for no more by default, older adapters have no more.
const WORKGROUP_BYTES: u32 = 16_352;

impl Dot {
    /// What it multiplies.
    pub fn numbers(self) -> Numbers {
        match self {
            Dot::Packed | Dot::Spread => Numbers::Integers,
            Dot::Float => Numbers::Floats,
        }
    }
}

impl Kernel {
    /// Whether the text can be written and its indices stay in their buffers.
    pub(crate) fn is_sound(&self) -> bool {
        let side = |length: u32| length.is_multiple_of(4) && (4..=32).contains(&length);
        let invocations = self.lanes.saturating_mul(self.groups);
        let sound = side(self.rows) && side(self.cols) && (1..=256).contains(&invocations);
        sound
            && match self.family {
                Family::Registers => true,
                Family::Quads => self.groups == 1 && self.lanes.is_multiple_of(4) && self.dot != Dot::Packed,
                Family::Workgroup { depth } => {
                    let line = u64::from(self.rows * self.groups + self.strip());
                    depth > 0 && line * 4 * u64::from(depth) <= u64::from(WORKGROUP_BYTES)
                }
            }
    }

    /// Columns of the strip that one workgroup covers.
    pub(crate) fn strip(&self) -> u32 {
        self.lanes * self.cols
    }

    /// Rows of a tile: what lies together in the packed left operand.
    pub(crate) fn height(&self) -> u32 {
        match self.family {
            Family::Registers | Family::Quads => self.rows,
            Family::Workgroup { .. } => self.rows * self.groups,
        }
    }

    /// Workgroups for so many tiles.
    pub(crate) fn groups_for(&self, tiles: u32) -> u32 {
        match self.family {
            Family::Registers => tiles.div_ceil(self.groups),
            Family::Quads | Family::Workgroup { .. } => tiles,
        }
    }

    /// 32-bit words that hold `k` numbers, in whole turns.
    pub(crate) fn words(&self, k: u32) -> u32 {
        let words = match self.dot.numbers() {
            Numbers::Integers => k.div_ceil(4),
            Numbers::Floats => k,
        };
        words.next_multiple_of(self.turn())
    }

    /// Words along k that are multiplied together: runs of words begin and end between turns.
    pub(crate) fn turn(&self) -> u32 {
        match (self.family, self.dot) {
            (Family::Quads, Dot::Float) => 4,
            _ => 1,
        }
    }
}
