import { dataset, type Dataset } from "./dataset.ts";
import { DatasetError } from "./error.ts";
import { idx, type IdxColumn } from "./idx.ts";

/** The four files of MNIST, or of a set of its format such as Fashion-MNIST; each may be gzip-compressed. */
export interface MnistFiles<T> {
  readonly trainImages: T;
  readonly trainLabels: T;
  readonly testImages: T;
  readonly testLabels: T;
}

/** `images`: f32 [length, 28, 28], 0 is the background and 1 full ink; `labels`: i32 [length], the digit 0 to 9. */
export type Digits = Dataset<{ images: "f32"; labels: "i32" }>;

/** Both parts of MNIST. */
export interface Mnist {
  /** The 60,000 examples to learn from. */
  readonly train: Digits;
  /** The 10,000 examples to test with; their writers wrote none of the others. */
  readonly test: Digits;
}

/** The files' names as published by LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998. */
export const mnistFileNames: MnistFiles<string> = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
};

const classes = 10;

/**
 * MNIST from the bytes of its four files. Pixels are divided by 255 when a batch is read, so that they take one byte in
 * memory; the images share memory with uncompressed `bytes`.
 *
 * @throws DatasetError with the byte where a file broke: what `idx` throws; `bad-header` when it has other data than
 * its place needs, or the counts of images and labels differ; `bad-value` for a label above 9.
 */
export async function mnistFromBytes(bytes: MnistFiles<Uint8Array>): Promise<Mnist> {
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    images(bytes.trainImages, mnistFileNames.trainImages),
    labels(bytes.trainLabels, mnistFileNames.trainLabels),
    images(bytes.testImages, mnistFileNames.testImages),
    labels(bytes.testLabels, mnistFileNames.testLabels),
  ]);
  for (const axis of [1, 2]) {
    const [train, test] = [trainImages.shape[axis], testImages.shape[axis]];
    if (train === test) continue;
    throw new DatasetError(
      "bad-header",
      "mnist",
      `axis ${axis} has size ${test}, but ${train} in the training images.`,
      {
        file: mnistFileNames.testImages,
        offset: 4 + 4 * axis,
      },
    );
  }
  return {
    train: digits(trainImages, trainLabels, mnistFileNames.trainLabels),
    test: digits(testImages, testLabels, mnistFileNames.testLabels),
  };
}

type Bytes = Extract<IdxColumn, { dtype: "u8" }>;

async function images(bytes: Uint8Array, file: string): Promise<Bytes> {
  return expectBytes(await idx(bytes, { file }), 3, file);
}

async function labels(bytes: Uint8Array, file: string): Promise<Bytes> {
  const column = expectBytes(await idx(bytes, { file }), 1, file);
  const wrong = column.data.findIndex((label) => label >= classes);
  if (wrong === -1) return column;
  throw new DatasetError(
    "bad-value",
    "mnist",
    `the label ${column.data[wrong]} is none of the digits 0 to ${classes - 1}.`,
    {
      file,
      offset: 8 + wrong,
    },
  );
}

function expectBytes(column: IdxColumn, rank: number, file: string): Bytes {
  if (column.dtype !== "u8") {
    throw new DatasetError("bad-header", "mnist", `elements are ${column.dtype} where MNIST has u8.`, {
      file,
      offset: 2,
    });
  }
  if (column.shape.length !== rank) {
    const problem = `rank ${column.shape.length} where MNIST has ${rank}; are images and labels in each other's place?`;
    throw new DatasetError("bad-header", "mnist", problem, { file, offset: 3 });
  }
  return column;
}

function digits(imageColumn: Bytes, labelColumn: Bytes, labelFile: string): Digits {
  const [imageCount, labelCount] = [imageColumn.shape[0], labelColumn.shape[0]];
  if (imageCount !== labelCount) {
    throw new DatasetError("bad-header", "mnist", `${labelCount} labels for ${imageCount} images.`, {
      file: labelFile,
      offset: 4,
    });
  }
  return dataset({ images: imageColumn, labels: labelColumn })
    .normalize("images", { from: [0, 255] })
    .cast("labels", "i32");
}
