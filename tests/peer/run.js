// SPDX-License-Identifier: MIT
/* run.js MODEL.onnx INPUT.npy OUTPUT - ONNX Runtime (fp32, one thread) on each sample of an f32 file; outputs as raw f32. */
'use strict';
const ort = require('onnxruntime-node');
const fs = require('fs');

(async () => {
	const [model, from, to] = process.argv.slice(2), file = fs.readFileSync(from), at = 10 + file.readUInt16LE(8);
	const dims = /'shape': \(([^)]*)\)/.exec(file.toString('latin1', 10, at))[1].split(',').map(Number);
	const count = dims[0], each = dims.slice(1).reduce((a, b) => a * b, 1);
	const data = new Float32Array(file.buffer.slice(file.byteOffset + at, file.byteOffset + at + count * each * 4));
	const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
	const results = [];

	for (let i = 0; i < count; i++) {
		const x = new ort.Tensor('float32', data.slice(i * each, (i + 1) * each), [1, ...dims.slice(1)]);
		const y = (await session.run({ [session.inputNames[0]]: x }))[session.outputNames[0]].data;

		results.push(Buffer.from(y.buffer, y.byteOffset, y.byteLength));
	}
	fs.writeFileSync(to, Buffer.concat(results));
})().catch(e => { console.error(e.stack); process.exit(1); });
