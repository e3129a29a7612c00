/** Writes ONNX models: the few messages of onnx.proto3 that the benchmarks need, field by field. */

export const TYPES = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, double: 11 } as const;
export type Type = keyof typeof TYPES;

export interface Tensor {
  name: string;
  type: Type;
  dims: number[];
}

export interface Constant extends Tensor {
  values: ArrayBufferView;
}

export interface Node {
  operator: string;
  inputs: string[];
  output: string;
  /** The operator's domain, if it is not ONNX's own. */
  domain?: string;
  /** The result type of a Cast. */
  to?: Type;
}

export interface Graph {
  inputs: Tensor[];
  outputs: Tensor[];
  constants: Constant[];
  nodes: Node[];
}

/** C = A · B with a constant B, which runtimes may prepare once. */
export const floatProduct = ({ b, n }: { b: Float32Array; n: number }) => product("MatMul", ["float", "float", "float"], b, n);

/** C = A · B with unsigned A and signed, constant B. */
export const integerProduct = ({ b, n }: { b: Int8Array; n: number }) =>
  product("MatMulInteger", ["uint8", "int8", "int32"], b, n);

function product(operator: string, [a, b, c]: [Type, Type, Type], values: ArrayBufferView, n: number): Graph {
  return {
    inputs: [{ name: "A", type: a, dims: [n, n] }],
    constants: [{ name: "B", type: b, dims: [n, n], values }],
    outputs: [{ name: "C", type: c, dims: [n, n] }],
    nodes: [{ operator, inputs: ["A", "B"], output: "C" }],
  };
}

const [IR_VERSION, OPSET, INT_ATTRIBUTE] = [10, 21, 2];

export function model(graph: Graph): Uint8Array {
  const opsets = [message([1, ""], [2, OPSET]), message([1, "com.microsoft"], [2, 1])];
  return message([1, IR_VERSION], [7, graphProto(graph)], ...opsets.map((opset): Field => [8, opset]));
}

function graphProto({ inputs, outputs, constants, nodes }: Graph): Uint8Array {
  return message(
    ...nodes.map((node): Field => [1, nodeProto(node)]),
    [2, "graph"],
    ...constants.map((constant): Field => [5, tensorProto(constant)]),
    ...inputs.map((tensor): Field => [11, valueInfo(tensor)]),
    ...outputs.map((tensor): Field => [12, valueInfo(tensor)]),
  );
}

function nodeProto({ operator, inputs, output, domain = "", to }: Node): Uint8Array {
  const names = inputs.map((name): Field => [1, name]);
  const attributes: Field[] = to ? [[5, message([1, "to"], [3, TYPES[to]], [20, INT_ATTRIBUTE])]] : [];
  return message(...names, [2, output], [4, operator], ...attributes, [7, domain]);
}

function tensorProto({ name, type, dims, values }: Constant): Uint8Array {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return message(...dims.map((dim): Field => [1, dim]), [2, TYPES[type]], [8, name], [9, raw]);
}

function valueInfo({ name, type, dims }: Tensor): Uint8Array {
  const shape = message(...dims.map((dim): Field => [1, message([1, dim])]));
  return message([1, name], [2, message([1, message([1, TYPES[type]], [2, shape])])]);
}

/** A field: its number, and an integer, a text or a message. */
type Field = [number, number | string | Uint8Array];

/** The wire format of protocol buffers. */
function message(...fields: Field[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [varint(number << 3), varint(value)];
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return [varint((number << 3) | 2), varint(bytes.length), bytes];
  });
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varint(value: number): Uint8Array {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Uint8Array.from([...bytes, value]);
}
