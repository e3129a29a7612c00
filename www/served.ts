/** The paths that a coordinator answers itself. Made by `cargo xtask wire` from crates/protocol/src/paths.rs. */
export const SERVED = ["/ai-energy", "/api", "/healthz", "/ipfs", "/metrics", "/mining", "/openapi.json", "/v1"];
