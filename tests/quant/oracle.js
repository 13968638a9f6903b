// SPDX-License-Identifier: MIT
/*
 * oracle.js DIR COUNT - ONNX Runtime, one thread and without its own rewriting of graphs, on DIR/N.onnx with the floats in DIR/N.x,
 * whose shape is DIR/N.dims; the bytes of output y go to DIR/N.y
 */
'use strict';
const ort = require('onnxruntime-node');
const fs = require('fs');

(async () => {
	const [dir, count] = process.argv.slice(2);

	for (let i = 0; i < Number(count); i++) {
		const at = `${dir}/${i}`, data = fs.readFileSync(`${at}.x`), dims = fs.readFileSync(`${at}.dims`, 'utf8').trim().split(' ').map(Number);
		const session = await ort.InferenceSession.create(`${at}.onnx`, {
			intraOpNumThreads: 1, logSeverityLevel: 3, graphOptimizationLevel: 'disabled',
		});
		const x = new ort.Tensor('float32', new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)), dims);
		const y = (await session.run({ x })).y.data;

		fs.writeFileSync(`${at}.y`, Buffer.from(y.buffer, y.byteOffset, y.byteLength));
	}
})().catch(e => { console.error(e.stack); process.exit(1); });
