console.log("mnist-trainer");
