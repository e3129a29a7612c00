//! The forms of the product kernel, among which an adapter's fastest is chosen.

mod candidates;
mod name;
mod quads;
mod wgsl;

pub use name::UnknownKernel;

/// The numbers that a form multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// 8-bit integers, summed in 32 bits.
    Integers,
    /// f32, summed in f32.
    Floats,
}

/// How a form multiplies two words and adds the result to a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dot {
    /// Four 8-bit products by WGSL's `dot4I8Packed`, one instruction on recent hardware. Needs the language feature
    /// `packed_4x8_integer_dot_product`.
    Packed,
    /// Four 8-bit products with bytes widened to i32, or in quads to f32. Runs wherever compute shaders do.
    Spread,
    /// One f32 product.
    Float,
}

/// Where a form keeps operands that it reads repeatedly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// In registers and the hardware's caches, without workgroup memory or barriers. Software adapters simulate
    /// barriers and run this two to ten times faster than the workgroup forms.
    Registers,
    /// In registers, where four neighbouring invocations, a quad, share each row: one loads it and the others get it by
    /// swaps. Needs subgroups. A 4 x 4 matrix times a row's four numbers is one f32 operation, exact for bytes. On
    /// SwiftShader, where every load is a subroutine call, this is nearly twice as fast as registers alone; on Mesa's
    /// software adapter it is not.
    Quads,
    /// In workgroup memory, in blocks along k, which suits hardware.
    Workgroup {
        /// The length of a block along k, in words.
        depth: u32,
    },
}

/// One form of the product kernel.
///
/// An invocation sums `rows x cols` entries of the product in registers. A workgroup has `lanes x groups` invocations:
/// its lanes share a strip of `lanes * cols` columns, and its groups cover rows below each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Rows summed by an invocation: 4, 8, ... 32.
    pub rows: u32,
    /// Columns summed by an invocation: 4, 8, ... 32.
    pub cols: u32,
    /// A workgroup's invocations side by side.
    pub lanes: u32,
    /// A workgroup's invocations below each other. `lanes * groups` is 256 at most.
    pub groups: u32,
    /// How it multiplies.
    pub dot: Dot,
    /// Where it keeps operands.
    pub family: Family,
}

/// The forms in use on a device. As text they can be remembered for
/// [`GpuDevice::open_with`](crate::GpuDevice::open_with).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels {
    /// The form for 8-bit integers.
    pub integers: Kernel,
    /// The form for f32.
    pub floats: Kernel,
}

/// The workgroup memory of every device: wgpu's default limit, and all that older adapters have.
const WORKGROUP_BYTES: u32 = 16_352;

impl Dot {
    /// The numbers that it multiplies.
    pub fn numbers(self) -> Numbers {
        match self {
            Dot::Packed | Dot::Spread => Numbers::Integers,
            Dot::Float => Numbers::Floats,
        }
    }
}

impl Kernel {
    /// Whether the shader can be generated and its indices stay in their buffers.
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

    /// The columns that one workgroup covers.
    pub(crate) fn strip(&self) -> u32 {
        self.lanes * self.cols
    }

    /// The rows of a tile, which the packed left operand stores together.
    pub(crate) fn height(&self) -> u32 {
        match self.family {
            Family::Registers | Family::Quads => self.rows,
            Family::Workgroup { .. } => self.rows * self.groups,
        }
    }

    /// The number of workgroups for `tiles` tiles.
    pub(crate) fn groups_for(&self, tiles: u32) -> u32 {
        match self.family {
            Family::Registers => tiles.div_ceil(self.groups),
            Family::Quads | Family::Workgroup { .. } => tiles,
        }
    }

    /// The 32-bit words that hold `k` numbers, rounded up to whole turns.
    pub(crate) fn words(&self, k: u32) -> u32 {
        let words = match self.dot.numbers() {
            Numbers::Integers => k.div_ceil(4),
            Numbers::Floats => k,
        };
        words.next_multiple_of(self.turn())
    }

    /// The words along k that are multiplied together. Cuts along k fall between turns.
    pub(crate) fn turn(&self) -> u32 {
        match (self.family, self.dot) {
            (Family::Quads, Dot::Float) => 4,
            _ => 1,
        }
    }
}
