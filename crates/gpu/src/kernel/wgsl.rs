//! Generates the product's WGSL.
//!
//! The code for one word is unrolled, because drivers seldom unroll loops and an index variable would push the sums out
//! of registers. [`layout`](crate::layout) describes operands in memory; every load reads four words.

use super::{Dot, Family, Kernel, Numbers};

/// The cut that a dispatch covers, and the buffers. `Slot` fills and binds them.
const BINDINGS: &str = "
struct Cut {
    first_strip: u32,
    width_quads: u32,
    tiles: u32,
    cols: u32,
    first_word: u32,
    words: u32,
    all_words: u32,
}
@group(0) @binding(0) var<uniform> cut: Cut;
@group(0) @binding(1) var<storage, read> a: array<Left>;
@group(0) @binding(2) var<storage, read> b: array<Word>;
@group(0) @binding(3) var<storage, read_write> c: array<Sum>;
";

/// Words after which float sums are added up in memory, because one sum of 4096 products would lose too many bits (see
/// `adit_core::kernel::float`). For bytes as floats, 1024 products of 2^14 at most sum to 2^24, up to which f32 is
/// exact.
const BLOCK_WORDS: u32 = 256;

impl Kernel {
    /// The shader, with the entry point `main`.
    pub(crate) fn wgsl(&self) -> String {
        let (word, sum) = match self.dot.numbers() {
            Numbers::Integers => ("u32", "i32"),
            Numbers::Floats => ("f32", "f32"),
        };
        let quads = self.family == Family::Quads;
        let (left, part) = if quads { (word.to_owned(), "f32") } else { (format!("vec4<{word}>"), sum) };
        // naga supports subgroups but not yet the directive.
        let enable = if quads && cfg!(target_arch = "wasm32") { "enable subgroups;\n" } else { "" };
        let types = format!(
            "alias Left = {left};\nalias Word = vec4<{word}>;\nalias Part = vec4<{part}>;\nalias Sum = vec4<{sum}>;\n"
        );
        let main = match self.family {
            Family::Registers => self.in_registers(),
            Family::Quads => self.in_quads(),
            Family::Workgroup { depth } => self.in_workgroup(depth),
        };
        format!("{enable}{types}{BINDINGS}{main}")
    }

    fn in_registers(&self) -> String {
        let Kernel { lanes, groups, .. } = self;
        let (strip, strip_quads, row_quads) = (self.strip(), self.strip() / 4, self.rows / 4);
        let (loads, adds) = (self.loads("a[at_a + ", "b[at_b + "), self.adds());
        let blocks = self.blocks(&format!(
            "for (var word = first; word < last; word += 1u) {{
{loads}{adds}
            at_a += {row_quads}u;
            at_b += {strip_quads}u;
        }}"
        ));
        format!(
            "
@compute @workgroup_size({lanes}, {groups})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {{
    let tile = group.y * {groups}u + local.y;
    let strip = cut.first_strip + group.x;
    if (tile >= cut.tiles || strip * {strip}u + local.x * 4u >= cut.cols) {{
        return;
    }}
    var at_a = tile * cut.words * {row_quads}u;
    var at_b = (strip * cut.all_words + cut.first_word) * {strip_quads}u + local.x;
    let first_row = tile * {}u;
{blocks}}}
",
            self.rows
        )
    }

    /// Sums over blocks in workgroup memory. Every invocation copies a part of each block, padded with zeros.
    fn in_workgroup(&self, depth: u32) -> String {
        let Kernel { rows, lanes, groups, .. } = self;
        let (strip_quads, row_quads, height_quads) = (self.strip() / 4, rows / 4, self.height() / 4);
        let copy = |to: &str, line_quads: u32| -> String {
            let (quads, invocations) = (line_quads * depth, lanes * groups);
            let turn = |turn: u32| {
                let at = format!("local_index + {}u", turn * invocations);
                let line = format!(
                    "            shared_{to}[{at}] = select(Word(), {to}[at_{to} + {at}], {at} < left * {line_quads}u);\n"
                );
                if (turn + 1) * invocations <= quads {
                    line
                } else {
                    format!("            if ({at} < {quads}u) {{\n    {line}            }}\n")
                }
            };
            (0..quads.div_ceil(invocations)).map(turn).collect()
        };
        let (copies, adds) = (copy("a", height_quads) + &copy("b", strip_quads), self.adds());
        let loads = self.loads("shared_a[in_a + ", "shared_b[in_b + ");
        let blocks = self.blocks(&format!(
            "for (var word = first; word < last; word += {depth}u) {{
            let left = min(last - word, {depth}u);
            workgroupBarrier();
{copies}            workgroupBarrier();
            var in_a = local.y * {row_quads}u;
            var in_b = local.x;
            for (var line = 0u; line < {depth}u; line += 1u) {{
{loads}{adds}
                in_a += {height_quads}u;
                in_b += {strip_quads}u;
            }}
            at_a += left * {height_quads}u;
            at_b += left * {strip_quads}u;
        }}"
        ));
        format!(
            "
var<workgroup> shared_a: array<Word, {}>;
var<workgroup> shared_b: array<Word, {}>;

@compute @workgroup_size({lanes}, {groups})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) local_index: u32,
) {{
    let tile = group.y;
    let strip = cut.first_strip + group.x;
    var at_a = tile * cut.words * {height_quads}u;
    var at_b = (strip * cut.all_words + cut.first_word) * {strip_quads}u;
    let first_row = tile * {}u + local.y * {rows}u;
{blocks}}}
",
            height_quads * depth,
            strip_quads * depth,
            self.height()
        )
    }

    /// Wraps the `inner` loop over words `first .. last` in the sums, all along k or block by block.
    pub(super) fn blocks(&self, inner: &str) -> String {
        let strip = self.strip();
        let zeros: String = self.sums().map(|(r, q)| format!("        var s{r}_{q} = Part();\n")).collect();
        let store = |how: &str| -> String {
            let quad = |q: u32| {
                let rows: String = (0..self.rows)
                    .map(|r| {
                        format!(
                            "                c[at_c + {} * cut.width_quads + {}u] {how} Sum(s{r}_{q});\n",
                            self.row(r),
                            q * self.lanes
                        )
                    })
                    .collect();
                format!("            if (col + {}u < cut.cols) {{\n{rows}            }}\n", q * self.lanes * 4)
            };
            (0..self.col_quads()).map(quad).collect()
        };
        let body = |store: &str| {
            format!(
                "{zeros}        {inner}
        let col = strip * {strip}u + local.x * 4u;
        let at_c = first_row * cut.width_quads + group.x * {}u + local.x;
{store}",
                strip / 4
            )
        };
        match (self.dot.numbers(), self.family) {
            (Numbers::Integers, Family::Registers | Family::Workgroup { .. }) => {
                format!("    let first = 0u;\n    let last = cut.words;\n    {{\n{}    }}\n", body(&store("=")))
            }
            (Numbers::Floats, _) | (_, Family::Quads) => {
                let store = format!(
                    "        if (first == 0u) {{\n{}        }} else {{\n{}        }}\n",
                    store("="),
                    store("+=")
                );
                format!(
                    "    for (var first = 0u; first < cut.words; first += {BLOCK_WORDS}u) {{
        let last = min(first + {BLOCK_WORDS}u, cut.words);
{}    }}
",
                    body(&store)
                )
            }
        }
    }

    /// Loads a word of four rows into each `a{q}`, and of four columns into each `b{q}`.
    fn loads(&self, a: &str, b: &str) -> String {
        let left = (0..self.rows / 4).map(|q| format!("            let a{q} = {a}{q}u];\n"));
        let right = (0..self.col_quads()).map(|q| format!("            let b{q} = {b}{}u];\n", q * self.lanes));
        left.chain(right).collect()
    }

    /// The row of the tile to which `s{r}_{q}` belongs.
    fn row(&self, r: u32) -> String {
        match self.family {
            Family::Quads => format!("({}u + ({}u ^ member))", r / 4 * 4, r % 4),
            Family::Registers | Family::Workgroup { .. } => format!("{r}u"),
        }
    }

    /// The indices of all variables `s{r}_{q}`, each with the sums of the invocation's `r`th row and four columns.
    pub(super) fn sums(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let quads = self.col_quads();
        (0..self.rows).flat_map(move |r| (0..quads).map(move |q| (r, q)))
    }

    pub(super) fn col_quads(&self) -> u32 {
        self.cols / 4
    }

    /// One statement per sum. Adapters that mask inactive invocations blend at every store, which costs more than a
    /// product.
    fn adds(&self) -> String {
        let bytes: String = match self.dot {
            Dot::Spread => (0..4).map(|byte| self.spread(byte)).collect(),
            Dot::Packed | Dot::Float => String::new(),
        };
        let add = |(r, q)| format!("            s{r}_{q} += {};\n", self.products(r, q));
        bytes + &self.sums().map(add).collect::<String>()
    }

    /// Extracts byte `byte` of each word into `x{byte}_{q}` and `y{byte}_{q}`. Shifting it to the top and back extends
    /// its sign.
    fn spread(&self, byte: u32) -> String {
        let left = 24 - 8 * byte;
        let spread = |to: &str, from: &str, q: u32| {
            format!("            let {to}{byte}_{q} = bitcast<vec4<i32>>({from}{q} << vec4({left}u)) >> vec4(24u);\n")
        };
        let rows = (0..self.rows / 4).map(|q| spread("x", "a", q));
        rows.chain((0..self.col_quads()).map(|q| spread("y", "b", q))).collect()
    }

    /// What one word adds to the sums of row `r` and four columns.
    fn products(&self, r: u32, q: u32) -> String {
        let a = component("a", r);
        match self.dot {
            Dot::Packed => {
                let dots = ["x", "y", "z", "w"].map(|col| format!("dot4I8Packed({a}, b{q}.{col})"));
                format!("vec4<i32>({})", dots.join(", "))
            }
            Dot::Spread => {
                let product = |byte| format!("{} * y{byte}_{q}", component(&format!("x{byte}_"), r));
                (0..4).map(product).collect::<Vec<_>>().join(" + ")
            }
            Dot::Float => format!("{a} * b{q}"),
        }
    }
}

/// Row `r` among vectors of four rows each.
fn component(vectors: &str, r: u32) -> String {
    format!("{vectors}{}.{}", r / 4, ["x", "y", "z", "w"][r as usize % 4])
}
