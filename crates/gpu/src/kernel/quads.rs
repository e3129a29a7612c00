//! The shader of [`Family::Quads`](super::Family::Quads).
//!
//! The four invocations of a quad share the rows of their tile and have columns of their own. Of every four rows, each
//! loads the one at its place in the quad and gets the others by the three quad swaps. Its `r`th row is therefore row
//! `r ^ place`, which matters only when sums are stored. Software adapters load word by word for each invocation, with
//! a bounds check each, so this saves a third of all instructions.
//!
//! A 4 x 4 matrix of the right operand times four numbers of a row adds sixteen products in one operation. Its parts
//! stay in registers, where smaller operations go through memory. Such operations exist only for floats, so bytes
//! become floats.

use super::{Dot, Kernel};

impl Kernel {
    pub(super) fn in_quads(&self) -> String {
        let Kernel { rows, lanes, .. } = self;
        let (turn, strip_quads) = (self.turn(), self.strip() / 4);
        let quads = rows / 4;
        let left: String = (0..quads).map(|quad| self.left(quad)).collect();
        let right: String = (0..self.col_quads()).map(|quad| self.right(quad)).collect();
        let add = |(r, q): (u32, u32)| format!("            s{r}_{q} += y{q} * x{}_{};\n", r / 4, r % 4);
        let adds: String = self.sums().map(add).collect();
        let blocks = self.blocks(&format!(
            "for (var word = first; word < last; word += {turn}u) {{
{left}{right}{adds}
            at_a += {}u;
            at_b += {}u;
        }}",
            rows * turn,
            strip_quads * turn
        ));
        format!(
            "
@compute @workgroup_size({lanes})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) invocation: u32,
) {{
    let member = invocation & 3u;
    let strip = cut.first_strip + group.x;
    let first_row = group.y * {rows}u;
    var at_a = first_row * cut.words + member;
    var at_b = (strip * cut.all_words + cut.first_word) * {strip_quads}u + local.x;
{blocks}}}
"
        )
    }

    /// Loads four numbers along k of four rows: `x{quad}_0` of the invocation's own row, `x{quad}_1` to `x{quad}_3` of
    /// the others'.
    fn left(&self, quad: u32) -> String {
        let word = |word: u32| format!("a[at_a + {}u]", word * self.rows + quad * 4);
        let own = match self.dot {
            Dot::Float => format!("vec4({})", (0..4).map(word).collect::<Vec<_>>().join(", ")),
            Dot::Packed | Dot::Spread => floats(&format!("vec4({})", word(0)), &BYTES),
        };
        let swap = |(other, swap)| format!("            let x{quad}_{other} = {swap}(x{quad}_0);\n");
        let others = [(1, "quadSwapX"), (2, "quadSwapY"), (3, "quadSwapDiagonal")].map(swap);
        format!("            let x{quad}_0 = {own};\n{}", others.concat())
    }

    /// Loads four numbers along k of four columns into the matrix `y{quad}`, one vector for each.
    fn right(&self, quad: u32) -> String {
        let word = |word: u32| format!("b[at_b + {}u]", word * self.strip() / 4 + quad * self.lanes);
        let columns: Vec<String> = match self.dot {
            Dot::Float => (0..4).map(word).collect(),
            Dot::Packed | Dot::Spread => BYTES.map(|byte| floats(&format!("w{quad}"), &[byte])).into(),
        };
        let load = match self.dot {
            Dot::Float => String::new(),
            Dot::Packed | Dot::Spread => format!("            let w{quad} = {};\n", word(0)),
        };
        format!("{load}            let y{quad} = mat4x4<f32>({});\n", columns.join(", "))
    }
}

/// How to extract one of a word's four signed bytes: its value is `bits * scale - bias`.
#[derive(Clone, Copy)]
struct Byte {
    mask: &'static str,
    scale: &'static str,
    bias: &'static str,
}

const fn byte(mask: &'static str, scale: &'static str, bias: &'static str) -> Byte {
    Byte { mask, scale, bias }
}

/// The four bytes, the lowest first. The highest has the word's sign; [`floats`] flips the sign bits of the others.
const BYTES: [Byte; 4] = [
    byte("0xffu", "1.0", "128.0"),
    byte("0xff00u", "0.00390625", "128.0"),
    byte("0xff0000u", "0.0000152587890625", "128.0"),
    byte("0xff000000u", "0.000000059604644775390625", "0.0"),
];

/// WGSL for bytes of a vector of words as floats: one for each component, or one for all. It avoids shifts, which
/// software adapters do lane by lane.
fn floats(words: &str, bytes: &[Byte]) -> String {
    let vector = |part: fn(Byte) -> &'static str| {
        let parts: Vec<&str> = bytes.iter().copied().map(part).collect();
        format!("vec4({})", parts.join(", "))
    };
    let [mask, scale, bias] = [vector(|byte| byte.mask), vector(|byte| byte.scale), vector(|byte| byte.bias)];
    format!("vec4<f32>(bitcast<vec4<i32>>(({words} ^ vec4(0x808080u)) & {mask})) * {scale} - {bias}")
}
