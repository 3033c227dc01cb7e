import { dim, input, program } from "@adjoint/ir";
import { accuracy, crossEntropy, dense, dropout, flatten, relu, sequential, summary } from "@adjoint/layers";

const images = input("images", "f32", [dim("batch"), 28, 28]);
const labels = input("labels", "i32", [dim("batch")]);
const body = [flatten(), dense({ units: 500 }), relu(), dropout({ rate: 0.2 }), dense({ units: 10 })];
const mlp = sequential(body);

const logits = mlp(images); // inference: dropout is off
const loss = crossEntropy(mlp(images, { training: true }), labels); // the same parameters, dropout on
const outputs = { loss, logits, accuracy: accuracy(logits, labels) };
const graph = program({ inputs: { images, labels }, outputs });
const table = summary(mlp, images).text; // layers, output shapes, parameter counts

export { graph, mlp, table };
