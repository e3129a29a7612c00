// The steps between two products: elementwise functions, and packing of operands.
//
// Values are bytes, four to a word; rows are padded to whole words.

struct Shape {
    x0: u32,
    x1: u32,
    x2: u32,
    x3: u32,
    x4: u32,
    x5: u32,
    x6: u32,
    x7: u32,
}
@group(0) @binding(0) var<uniform> shape: Shape;

fn byte_of(word: u32, place: u32) -> i32 {
    return bitcast<i32>(word << (24u - 8u * place)) >> 24u;
}

// 64-bit numbers are (low, high).

fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let one = (a & 0xffffu) * (b >> 16u);
    let other = (a >> 16u) * (b & 0xffffu);
    let middle = (low >> 16u) + (one & 0xffffu) + (other & 0xffffu);
    let high = (a >> 16u) * (b >> 16u) + (one >> 16u) + (other >> 16u) + (middle >> 16u);
    return vec2((low & 0xffffu) | (middle << 16u), high);
}

// (x · multiplier + 2^(shift − 1)) >> shift, clamped to −127 ..= 127. For a negative x, p = |x| · multiplier is scaled:
// the floor of (half − p) / 2^shift is −((p + half − 1) >> shift).
fn scale(x: i32, multiplier: u32, shift: u32) -> i32 {
    let negative = x < 0;
    let size = select(bitcast<u32>(x), 0u - bitcast<u32>(x), negative);
    let product = wide_product(size, multiplier);
    let place = shift - 1u;
    var rounding = select(vec2(0u, 1u << (place & 31u)), vec2(1u << (place & 31u), 0u), place < 32u);
    if (negative) {
        rounding = vec2(rounding.x - 1u, rounding.y - select(0u, 1u, rounding.x == 0u));
    }
    let low = product.x + rounding.x;
    let high = product.y + rounding.y + select(0u, 1u, low < rounding.x);
    var scaled: u32;
    var beyond: u32;
    if (shift < 32u) {
        scaled = (high << (32u - shift)) | (low >> shift);
        beyond = high >> shift;
    } else {
        scaled = high >> (shift - 32u);
        beyond = 0u;
    }
    let clamped = i32(select(min(scaled, 127u), 127u, beyond != 0u));
    return select(clamped, -clamped, negative);
}

@group(0) @binding(1) var<storage, read> sums: array<i32>;
@group(0) @binding(2) var<storage, read> bias: array<i32>;
@group(0) @binding(3) var<storage, read> other: array<u32>;
@group(0) @binding(4) var<storage, read_write> values: array<u32>;

// Each invocation computes a word. x0: rows; x1: columns; x2: distance between rows of sums; x3: words in a row; x4:
// multiplier; x5: shift; x6: 0 for activations of sums, 1 for errors against targets, 2 for errors through activations.
@compute @workgroup_size(64)
fn follow(@builtin(global_invocation_id) at: vec3<u32>) {
    if (at.x >= shape.x3 || at.y >= shape.x0) {
        return;
    }
    let here = at.y * shape.x3 + at.x;
    var word = 0u;
    for (var place = 0u; place < 4u; place += 1u) {
        let column = at.x * 4u + place;
        if (column < shape.x1) {
            let sum = sums[at.y * shape.x2 + column];
            var value: i32;
            if (shape.x6 == 0u) {
                value = scale(max(sum + bias[column], 0), shape.x4, shape.x5);
            } else if (shape.x6 == 1u) {
                let predicted = scale(sum + bias[column], shape.x4, shape.x5);
                value = clamp(predicted - byte_of(other[here], place), -127, 127);
            } else {
                let activation = byte_of(other[here], place);
                value = select(0, scale(sum, shape.x4, shape.x5), activation > 0 && activation < 127);
            }
            word |= (bitcast<u32>(value) & 0xffu) << (8u * place);
        }
    }
    values[here] = word;
}

@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> packing: array<u32>;

// Each invocation packs a word of an operand, `[tile][word][line]`. x0: lines; x1: values in a line; x2: bytes from
// line to line; x3: bytes from value to value; x4: lines in a tile; x5: words in a line.
@compute @workgroup_size(256)
fn gather(@builtin(global_invocation_id) at: vec3<u32>) {
    if (at.x >= shape.x4 * shape.x5) {
        return;
    }
    let line = at.y * shape.x4 + at.x % shape.x4;
    var word = 0u;
    for (var place = 0u; place < 4u; place += 1u) {
        let value = (at.x / shape.x4) * 4u + place;
        if (line < shape.x0 && value < shape.x1) {
            let byte = line * shape.x2 + value * shape.x3;
            word |= ((source[byte / 4u] >> (8u * (byte % 4u))) & 0xffu) << (8u * place);
        }
    }
    packing[at.y * shape.x4 * shape.x5 + at.x] = word;
}
