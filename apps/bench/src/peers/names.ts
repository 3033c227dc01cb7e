export const peerNames = [
  "tfjs-cpu",
  "tfjs-wasm",
  "jax-js",
  "onnxruntime-web",
  "onnxruntime-node",
  "pytorch",
] as const;

export type PeerName = (typeof peerNames)[number];
