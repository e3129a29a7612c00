/** A quantised perceptron as ONNX operators, in three common ways. All give the same classes. */

import type { Constant, Graph, Node, Type } from "./onnx.ts";

export interface Layer {
  k: number;
  n: number;
  weights: number[];
  bias: number[];
  /** Multiplier and shift of the next activations: clamp((x · multiplier + 2^(shift − 1)) >> shift, 0, 127). */
  requant: [number, number] | null;
}

export interface Perceptron {
  rows: number;
  input: number[];
  layers: Layer[];
}

const LARGEST = 127;

/** Our arithmetic: int8 products summed in i32. x · multiplier is below 2^53 here, so f64 is as exact as i64. */
export function integers(perceptron: Perceptron): Graph {
  const graph = new Builder("uint8", "int32", perceptron);
  const number = (value: number) => graph.constant("double", [], Float64Array.of(value));
  const [half, zero, most] = [number(0.5), number(0), number(LARGEST)];
  for (const { layer, weights, bias } of graph.layers("int8", "int32")) {
    graph.apply("MatMulInteger", weights).apply("Add", bias);
    if (!layer.requant) continue;
    graph.cast("double").apply("Mul", number(factor(layer.requant))).apply("Add", half).apply("Clip", zero, most).cast("uint8");
  }
  return graph.finish();
}

/** Dequantised weights: whole numbers up to 2^24 in f32, exact except for the scaling. */
export function floats(perceptron: Perceptron): Graph {
  const graph = new Builder("float", "float", perceptron);
  const number = (value: number) => graph.constant("float", [], Float32Array.of(value));
  const [zero, most] = [number(0), number(LARGEST)];
  for (const { layer, weights, bias } of graph.layers("float", "float")) {
    graph.apply("Gemm", weights, bias);
    if (!layer.requant) continue;
    graph.apply("Mul", number(factor(layer.requant))).apply("Round").apply("Clip", zero, most);
  }
  return graph.finish();
}

/** onnxruntime's operator for a quantised layer, which scales in f32. */
export function fused(perceptron: Perceptron): Graph {
  const graph = new Builder("uint8", "float", perceptron);
  const one = graph.constant("float", [], Float32Array.of(1));
  const [noOffset, noShift] = [graph.constant("uint8", [], Uint8Array.of(0)), graph.constant("int8", [], Int8Array.of(0))];
  const most = graph.constant("uint8", [], Uint8Array.of(LARGEST));
  for (const { layer, weights, bias } of graph.layers("int8", "int32")) {
    const operands = [one, noOffset, weights, one, noShift, bias];
    if (!layer.requant) {
      graph.contributed("QGemm", ...operands);
      continue;
    }
    const scale = graph.constant("float", [], Float32Array.of(1 / factor(layer.requant)));
    graph.contributed("QGemm", ...operands, scale, noOffset).apply("Min", most);
  }
  return graph.finish();
}

const factor = ([multiplier, shift]: [number, number]) => multiplier / 2 ** shift;

/** A chain of operators from A to C. */
class Builder {
  private readonly constants: Constant[] = [];
  private readonly nodes: Node[] = [];
  private last = "A";

  constructor(
    private readonly input: Type,
    private readonly output: Type,
    private readonly perceptron: Perceptron,
  ) {}

  constant(type: Type, dims: number[], values: ArrayBufferView): string {
    const name = `c${this.constants.length}`;
    this.constants.push({ name, type, dims, values });
    return name;
  }

  layers(weights: "int8" | "float", bias: "int32" | "float") {
    return this.perceptron.layers.map((layer) => ({
      layer,
      weights: this.constant(weights, [layer.k, layer.n], array(weights, layer.weights)),
      bias: this.constant(bias, [layer.n], array(bias, layer.bias)),
    }));
  }

  apply(operator: string, ...others: string[]): this {
    return this.add({ operator, inputs: [this.last, ...others] });
  }

  contributed(operator: string, ...others: string[]): this {
    return this.add({ operator, domain: "com.microsoft", inputs: [this.last, ...others] });
  }

  cast(type: Type): this {
    return this.add({ operator: "Cast", inputs: [this.last], to: type });
  }

  finish(): Graph {
    const { rows, layers } = this.perceptron;
    const [first, last] = [layers[0] as Layer, layers.at(-1) as Layer];
    (this.nodes.at(-1) as Node).output = "C";
    return {
      inputs: [{ name: "A", type: this.input, dims: [rows, first.k] }],
      outputs: [{ name: "C", type: this.output, dims: [rows, last.n] }],
      constants: this.constants,
      nodes: this.nodes,
    };
  }

  private add(node: Omit<Node, "output">): this {
    this.last = `n${this.nodes.length}`;
    this.nodes.push({ ...node, output: this.last });
    return this;
  }
}

function array(type: "int8" | "int32" | "float", values: number[]): ArrayBufferView {
  return { int8: Int8Array, int32: Int32Array, float: Float32Array }[type].from(values);
}
