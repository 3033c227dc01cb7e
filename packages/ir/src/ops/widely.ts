import { type DType, dtypeInfo, isFloat } from "../dtype.ts";
import { type Cotangent, type Tensor, again } from "../tensor.ts";

/**
 * Floats of 16 bits have too few digits to count in (f16 up to 2048, bf16 up to 256), and f16 ends at 65504. Results of
 * more than one operation are computed in f32 and rounded once, at the end.
 */
export const workingType = (dtype: DType): DType =>
  isFloat(dtype) && dtypeInfo[dtype].bytes < 4 ? "f32" : dtype;

/** True if computations with a tensor use a wider type than its own. */
export const isNarrow = (x: Tensor): boolean => workingType(x.dtype) !== x.dtype;

/** f16 and bf16 as f32; all others as they are. */
export const widened = (x: Tensor): Tensor => x.cast(workingType(x.dtype));

/** A function of one tensor, computed in f32 and rounded once if the tensor is f16 or bf16. */
export const widely = (x: Tensor, compute: (wide: Tensor) => Tensor): Tensor =>
  compute(widened(x)).cast(x.dtype);

type MapGradient = (inputs: readonly Tensor[], output: Tensor, g: Tensor) => readonly Cotangent[];

/** A gradient rule of more than one operation: for 16-bit floats it works in f32, on a result that is not rounded. */
export const widelyPulled =
  (rule: MapGradient): MapGradient =>
  (inputs, output, g) => {
    if (!isNarrow(g)) return rule(inputs, output, g);
    const { node } = output;
    const wide = inputs.map(widened);
    const result = again(node, wide, node.attributes, node.graphs).output;
    return rule(wide, result, widened(g)).map((cotangent) => cotangent?.cast(g.dtype));
  };
