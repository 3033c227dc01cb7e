/** Who runs where: our backends and their variants, and peers. */
export const names = {
  node: {
    own: ["cpu", "wasm", "wasm-fused", "wasm-wide", "wasm-ahead"],
    peers: ["tfjs-cpu", "tfjs-wasm", "jax-js", "onnxruntime-web", "onnxruntime-node", "pytorch"],
  },
  chromium: {
    own: ["webgpu"],
    peers: ["tfjs-webgpu", "jax-js-webgpu", "onnxruntime-webgpu"],
  },
} as const;

export type Platform = keyof typeof names;
export type OwnName<P extends Platform = Platform> = (typeof names)[P]["own"][number];
export type PeerName<P extends Platform = Platform> = (typeof names)[P]["peers"][number];
export type ContestantName<P extends Platform = Platform> = OwnName<P> | PeerName<P>;

export const platforms: readonly Platform[] = ["node", "chromium"];
export const ownNames: readonly OwnName[] = [...names.node.own, ...names.chromium.own];
export const peerNames: readonly PeerName[] = [...names.node.peers, ...names.chromium.peers];

// Lists are widened to ask whether they have any name.
export const isOwn = (name: ContestantName): name is OwnName =>
  (ownNames as readonly string[]).includes(name);

export const isOn = <P extends Platform>(platform: P, name: ContestantName): name is ContestantName<P> =>
  ([...names[platform].own, ...names[platform].peers] as readonly string[]).includes(name);
