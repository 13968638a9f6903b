// SPDX-License-Identifier: MIT
/*
 * nets.js DIR [NAME...] - whole networks from a guest through the driver, and natively on the CPU, each in turn with ONNX Runtime
 * (fp32, one thread). DIR has the models NAME.onnx and the programs NAME-PRECISION.elf. Prints figures as tests/bench/run wants
 * them: milliseconds, the median of the rounds. The guest's device has two cores, of which a request keeps one busy;
 * net.resnet50.int8.drm2_ms is half of the time of two requests that two sessions make at once: throughput, not how long one waits.
 */
'use strict';
const { spawn, execFileSync } = require('child_process');
const ort = require('onnxruntime-node');
const readline = require('readline');
const fs = require('fs');

const ROUNDS = 7;
const dir = process.argv[2], build = process.env.B || 'build';
const names = process.argv.length > 3 ? process.argv.slice(3) : ['resnet50', 'bvlc_alexnet', 'vgg19', 'squeezenet', 'inception_v1', 'inception_v2', 'densenet121', 'shufflenet',
	       'zfnet512'];
const peer = 'ONNX Runtime ' + ort.env.versions.node + ', fp32, one thread, in the same run';

function fail(what) {
	console.error('nets.bench: ' + what);
	process.exit(1);
}

/* A net-run: commands go to @input, answers come a line each. */
class Runner {
	constructor(child, input) {
		this.input = input || child.stdin;
		this.lines = [];
		this.waiting = null;
		child.on('exit', code => { if (!this.done) fail('net-run ended with status ' + code); });
		readline.createInterface({ input: child.stdout }).on('line', line => {
			this.lines.push(line);
			if (this.waiting)
				this.waiting();
		});
	}

	async ask(command, what) {
		this.input.write(command + '\n');
		while (!this.lines.length)
			await new Promise(resolve => { this.waiting = resolve; });
		const line = this.lines.shift();
		if (!line.startsWith(what + ' '))
			fail(command + ': ' + line);
		return Number(line.slice(what.length + 1));
	}

	load(file, sessions) { return this.ask(`load ${file} ${sessions}`, 'loaded'); }
	time(index) { return this.ask('time ' + index, 'ms'); }
	end() { this.done = true; this.input.end(); }
}

/* A guest with two cores, whose net-run reads a port that we write to. */
function guest() {
	const port = dir + '/turn';
	const args = ['--cores', '2', '--mem', '3072', '--timeout', '600', '--payload', build + '/tests/conformance-nets/net-run'];

	execFileSync('mkfifo', [port + '.in', port + '.out']);
	for (const file of fs.readdirSync(dir).filter(f => f.endsWith('.elf')))
		args.push('--payload', dir + '/' + file);
	for (const word of ['-chardev', 'pipe,id=turn,path=' + port, '-device', 'virtio-serial-pci,id=turns', '-device',
			    'virtserialport,bus=turns.0,chardev=turn,name=net.turn'])
		args.push('--qemu-arg', word);
	args.push('--cmd', 'for p in /sys/class/virtio-ports/*; do [ "$(cat $p/name)" != net.turn ] || ' +
		  'net-run drm </dev/${p##*/}; done');
	const child = spawn('tools/vm/loom-vm', args, { stdio: ['ignore', 'pipe', 'inherit'] });
	process.on('exit', () => child.kill());
	return new Runner(child, fs.createWriteStream(port + '.in', { flags: 'r+' }));
}

function native() {
	const env = Object.assign({}, process.env, { OPENBLAS_NUM_THREADS: '1' });
	return new Runner(spawn(build + '/tests/conformance-nets/net-run', ['cpu'], { env, stdio: ['pipe', 'pipe', 'inherit'] }));
}

async function reference(name) {
	const session = await ort.InferenceSession.create(`${dir}/${name}.onnx`, { intraOpNumThreads: 1, interOpNumThreads: 1,
									      logSeverityLevel: 3 });
	const input = session.inputNames[0], dims = session.inputMetadata[0].shape;
	const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.random() * 2 - 1);
	const feeds = { [input]: new ort.Tensor('float32', data, dims) };
	await session.run(feeds);
	return {
		async time() {
			const start = performance.now();
			await session.run(feeds);
			return performance.now() - start;
		},
		end() { return session.release(); },
	};
}

function median(list) {
	return list.sort((a, b) => a - b)[list.length >> 1];
}

/* One figure a way: @ways are [name of the figure, function that takes one time], each timed next to the reference. */
async function measure(name, ways) {
	const ref = await reference(name), peers = [], times = ways.map(() => []);

	for (let round = 0; round < ROUNDS; round++)
		for (let w = 0; w < ways.length; w++) {
			peers.push(await ref.time());
			times[w].push(await ways[w][1]());
		}
	await ref.end();
	const p = median(peers);
	ways.forEach(([figure], w) => console.log([figure, median(times[w]).toFixed(3), 'ms', 'lower', peer, p.toFixed(3)].join('\t')));
}

(async () => {
	const vm = guest(), cpu = native();
	const cpuResnet = await cpu.load(dir + '/resnet50.onnx', 1);

	for (const name of names) {
		const one = await vm.load(name + '-int8.elf', 1);
		const ways = [[`net.${name}.int8.drm_ms`, () => vm.time(one)]];

		if (name === 'resnet50') {
			const two = await vm.load('resnet50-int8.elf', 2), half = await vm.load('resnet50-fp16.elf', 1);

			ways.push(['net.resnet50.int8.drm2_ms', async () => await vm.time(two) / 2]);
			ways.push(['net.resnet50.fp16.drm_ms', () => vm.time(half)]);
			ways.push(['net.resnet50.fp32.cpu_ms', () => cpu.time(cpuResnet)]);
		}
		await measure(name, ways);
	}
	vm.end();
	cpu.end();
	process.exit(0);
})().catch(e => fail(e.stack));
