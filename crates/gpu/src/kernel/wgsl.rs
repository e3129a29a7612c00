//! The kernel as WGSL text.
//!
//! Everything inside the loop is written out: compilers below WGSL seldom unroll, and a loop variable as an index would
//! push the sums out of registers. Operands lie in memory as [`layout`](crate::layout) says, four words to a load.

use super::{Dot, Kernel};

/// What a dispatch covers, and the buffers. `Slot` fills and binds them.
const BINDINGS: &str = "
struct Cut {
    first_strip: u32,
    strips: u32,
    tiles: u32,
    cols: u32,
    first_word: u32,
    words: u32,
    all_words: u32,
}
@group(0) @binding(0) var<uniform> cut: Cut;
@group(0) @binding(1) var<storage, read> a: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4<i32>>;
";

impl Kernel {
    /// The whole text; the entry point is `main`.
    pub(crate) fn wgsl(&self) -> String {
        let Kernel { rows, lanes, groups, .. } = self;
        let (strip, strip_quads, row_quads) = (self.strip(), self.strip() / 4, rows / 4);
        let zeros: String = self.sums().map(|(r, q)| format!("    var s{r}_{q} = vec4<i32>();\n")).collect();
        let load_a: String = (0..row_quads).map(|q| format!("        let a{q} = a[at_a + {q}u];\n")).collect();
        let load_b: String =
            (0..self.col_quads()).map(|q| format!("        let b{q} = b[at_b + {}u];\n", q * lanes)).collect();
        let add = match self.dot {
            Dot::Packed => self.add_packed(),
            Dot::Spread => self.add_spread(),
        };
        let store: String =
            self.sums().map(|(r, q)| format!("    c[at_c + {r}u * width + {}u] = s{r}_{q};\n", q * lanes)).collect();
        format!(
            "{BINDINGS}
@compute @workgroup_size({lanes}, {groups})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {{
    let tile = group.y * {groups}u + local.y;
    let strip = cut.first_strip + group.x;
    if (tile >= cut.tiles || strip * {strip}u + local.x * 4u >= cut.cols) {{
        return;
    }}
    var at_a = tile * cut.words * {row_quads}u;
    var at_b = (strip * cut.all_words + cut.first_word) * {strip_quads}u + local.x;
{zeros}
    for (var word = 0u; word < cut.words; word += 1u) {{
{load_a}{load_b}{add}
        at_a += {row_quads}u;
        at_b += {strip_quads}u;
    }}
    let width = cut.strips * {strip_quads}u;
    let at_c = tile * {rows}u * width + group.x * {strip_quads}u + local.x;
{store}}}
"
        )
    }

    /// `s{r}_{q}` holds the sums of row `r` and four columns.
    fn sums(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let quads = self.col_quads();
        (0..self.rows).flat_map(move |r| (0..quads).map(move |q| (r, q)))
    }

    fn col_quads(&self) -> u32 {
        self.cols / 4
    }

    fn add_packed(&self) -> String {
        let add = |(r, q)| {
            let a = component("a", r);
            let dots = ["x", "y", "z", "w"].map(|col| format!("dot4I8Packed({a}, b{q}.{col})")).join(", ");
            format!("        s{r}_{q} += vec4<i32>({dots});\n")
        };
        self.sums().map(add).collect()
    }

    fn add_spread(&self) -> String {
        (0..4).map(|byte| self.add_byte(byte)).collect()
    }

    /// One of the four places along k that share a word: its sign is spread by a shift to the top and back.
    fn add_byte(&self, byte: u32) -> String {
        let left = 24 - 8 * byte;
        let spread = |to: &str, from: &str, quads: u32| -> String {
            let line =
                |q| format!("            let {to}{q} = bitcast<vec4<i32>>({from}{q} << vec4({left}u)) >> vec4(24u);\n");
            (0..quads).map(line).collect()
        };
        let add = |(r, q)| format!("            s{r}_{q} += {} * y{q};\n", component("x", r));
        let adds: String = self.sums().map(add).collect();
        format!(
            "        {{\n{}{}{adds}        }}\n",
            spread("x", "a", self.rows / 4),
            spread("y", "b", self.col_quads())
        )
    }
}

/// Row `r` of a run of vectors of four rows.
fn component(vectors: &str, r: u32) -> String {
    format!("{vectors}{}.{}", r / 4, ["x", "y", "z", "w"][r as usize % 4])
}
