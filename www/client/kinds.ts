/** What kinds of work and requesters' names for them are called. */

import { type Said, say } from "adit-ui/say.ts";

export function kindWords(kind: string): Said {
  switch (kind) {
    case "matmul_i8/1":
    case "matrix_ops":
      return say("kind-matmul");
    case "mlp_i8/1":
    case "inference":
      return say("kind-inference");
    case "gradient_i8/1":
    case "gradient_compute":
      return say("kind-gradient");
    case "matmul_f32/1":
      return say("kind-matmul-f32");
    case "hash_tree/1":
    case "data_validation":
      return say("kind-hash");
    case "hash_tree/2":
      return say("kind-hash-away");
    case "store/1":
      return say("kind-store");
    case "fraud_detection":
      return say("kind-fraud");
    case "network_protection":
      return say("kind-protection");
    case "model_training":
    case "federated_learning":
      return say("kind-training");
    default:
      return say("kind-other", { kind });
  }
}
