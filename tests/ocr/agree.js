// SPDX-License-Identifier: MIT
/*
 * agree.js REFERENCE GOT TOLERANCE DIFFERENT - raw f32 probabilities of two classes: ok where at most DIFFERENT lines are
 * classified otherwise and no probability is further off than TOLERANCE. Prints what was found, and how many lines each has right,
 * every second of them being turned.
 */
'use strict';
const fs = require('fs');

function read(path) {
	const b = fs.readFileSync(path);
	return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length));
}

const [want, got] = process.argv.slice(2, 4).map(read), [tolerance, allowed] = process.argv.slice(4).map(Number);
const lines = want.length / 2, turned = (p, i) => p[2 * i + 1] > p[2 * i] ? 1 : 0;
let worst = 0, different = 0, right = [0, 0];

for (let i = 0; i < want.length; i++)
	worst = Math.abs(want[i] - got[i]) <= worst ? worst : Math.abs(want[i] - got[i]);
for (let i = 0; i < lines; i++) {
	different += turned(want, i) !== turned(got, i);
	right[0] += turned(want, i) === i % 2;
	right[1] += turned(got, i) === i % 2;
}
console.log(`# ${lines} lines: ${different} classified otherwise, probabilities off by ${worst.toExponential(1)} at most; ` +
	    `right: reference ${right[0]}, here ${right[1]}`);
process.exit(lines >= 200 && got.length === want.length && worst <= tolerance && different <= allowed ? 0 : 1);
