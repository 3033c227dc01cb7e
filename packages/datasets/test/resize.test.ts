import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { dataset, type Dataset, type ResizeOptions } from "../src/index.ts";
import { counting, f32, refusal } from "./support.ts";

function image(height: number, width: number, data: Iterable<number>): Dataset<{ image: "f32" }> {
  return dataset({ image: f32([1, height, width], data) });
}

function pixels(data: Dataset<{ image: "f32" }>): number[] {
  return [...data.column("image").data];
}

const sizes = fc.integer({ min: 1, max: 12 });
const methods = fc.constantFrom("area" as const, "bilinear" as const);

describe("resize", () => {
  it("gives each new pixel the mean of the area it covers", () => {
    const picture = image(4, 4, Array(16).keys());
    expect(pixels(picture.resize("image", [2, 2]))).toEqual([2.5, 4.5, 10.5, 12.5]);
    expect(pixels(picture.resize("image", [1, 4]))).toEqual([6, 7, 8, 9]);
    expect(pixels(picture.resize("image", [4, 1]))).toEqual([1.5, 5.5, 9.5, 13.5]);
    // Three pixels to two: the middle one counts half for each.
    expect(pixels(image(1, 3, [3, 6, 9]).resize("image", [1, 2]))).toEqual([4, 8]);
    expect(pixels(image(1, 2, [1, 2]).resize("image", [1, 4]))).toEqual([1, 1, 2, 2]);
  });

  it("interpolates between pixel centres", () => {
    const bilinear = { method: "bilinear" } as const;
    expect(pixels(image(1, 2, [0, 4]).resize("image", [1, 4], bilinear))).toEqual([0, 1, 3, 4]);
    expect(pixels(image(2, 2, [0, 4, 8, 12]).resize("image", [4, 4], bilinear))).toEqual([
      0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12,
    ]);
    expect(pixels(image(1, 1, [5]).resize("image", [2, 3], bilinear))).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it("keeps the mean when it averages areas", () => {
    const pictures = fc.tuple(sizes, sizes).chain(([height, width]) => {
      const length = height * width;
      return fc.tuple(
        fc.constant([height, width] as const),
        fc.array(fc.nat(255), { minLength: length, maxLength: length }),
      );
    });
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
    fc.assert(
      fc.property(pictures, sizes, sizes, ([[height, width], data], newHeight, newWidth) => {
        const resized = pixels(image(height, width, data).resize("image", [newHeight, newWidth]));
        expect(resized).toHaveLength(newHeight * newWidth);
        expect(mean(resized)).toBeCloseTo(mean(data), 4);
      }),
    );
  });

  it("keeps one colour, and an image of the same size", () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, methods, (height, width, newHeight, newWidth, method) => {
        const grey = image(height, width, Array(height * width).fill(0.3)).resize(
          "image",
          [newHeight, newWidth],
          { method },
        );
        for (const pixel of pixels(grey)) expect(pixel).toBeCloseTo(0.3, 6);
        const picture = image(height, width, Array(height * width).keys());
        expect(pixels(picture.resize("image", [height, width], { method }))).toEqual(pixels(picture));
      }),
    );
  });

  it("keeps a slope between the edges when it interpolates", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), sizes, (width, newWidth) => {
        const slope = pixels(
          image(1, width, Array(width).keys()).resize("image", [1, newWidth], { method: "bilinear" }),
        );
        for (const [index, pixel] of slope.entries()) {
          const centre = ((index + 0.5) * width) / newWidth - 0.5;
          expect(pixel).toBeCloseTo(Math.min(Math.max(centre, 0), width - 1), 5);
        }
      }),
    );
  });

  it("treats each channel and example on its own, wherever the channels are", () => {
    const red = [1, 2, 3, 4, 5, 6, 7, 8];
    const blue = red.map((value) => 100 * value);
    const plane = (data: readonly number[]): number[] => pixels(image(2, 4, data).resize("image", [1, 2]));
    const interleaved = red.flatMap((value, index) => [value, blue[index] ?? 0]);
    const last = dataset({ image: f32([2, 2, 4, 2], [...interleaved, ...interleaved.toReversed()]) });
    const smallLast = last.resize("image", [1, 2]);
    expect(smallLast.fields.image.shape).toEqual([1, 2, 2]);
    expect([...smallLast.at(0).image.data]).toEqual(
      plane(red).flatMap((value, index) => [value, plane(blue)[index]]),
    );
    expect([...smallLast.at(1).image.data]).toEqual([...smallLast.at(0).image.data].toReversed());

    const first = dataset({ image: f32([1, 2, 2, 4], [...red, ...blue]) });
    const smallFirst = first.resize("image", [1, 2], { channels: "first" });
    expect(smallFirst.fields.image.shape).toEqual([2, 1, 2]);
    expect(pixels(smallFirst)).toEqual([...plane(red), ...plane(blue)]);
  });

  it("computes with bytes, reads through many pieces, and resizes only the chosen examples", () => {
    const length = 5000;
    const data = Uint8Array.from({ length: length * 256 }, (_, index) => (index >> 8) % 256);
    const pictures = dataset({ image: { dtype: "u8", shape: [length, 16, 16], data } }).skip(1);
    const small = pictures.resize("image", [1, 1]);
    expectTypeOf(small).toEqualTypeOf<Dataset<{ readonly image: "f32" }>>();
    expect(pixels(small)).toEqual(Array.from({ length: length - 1 }, (_, index) => (index + 1) % 256));
  });

  it.each([
    [[0, 1], {}, "resize size: 0 must be a whole number ≥ 1 and is 0."],
    [[2.5, 1], {}, "resize size: 0 must be a whole number ≥ 1 and is 2.5."],
    [[1], {}, "resize size: must be [height, width] and is [1]."],
    [[1, 1], { method: "cubic" }, 'resize: method must be "area" or "bilinear" and is "cubic".'],
    [[1, 1], { channels: 3 }, 'resize: channels must be "last" or "first" and is 3.'],
  ])("refuses size %o with %o", async (size, options, message) => {
    // Callers without types can pass anything.
    const error = await refusal(() =>
      image(1, 1, [1]).resize("image", size as unknown as [number, number], options as ResizeOptions),
    );
    expect([error.reason, error.message]).toEqual(["bad-option", message]);
  });

  it("refuses what is no image", async () => {
    const error = await refusal(() => counting(2).resize("x", [1, 1]));
    expect(error.message).toBe(
      "resize: examples of shape [2] aren't images. An image is [height, width], or of rank 3 with channels.",
    );
  });
});
