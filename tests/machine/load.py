# SPDX-License-Identifier: MIT
"""Networks that run in a guest without end (tests/machine/steady.c), and the proof that each result is right."""
import os
import subprocess

from machine import Failure, build

DATA = os.path.join(os.environ.get('LOOM_CACHE') or
                    os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'loom'), 'digits')
POSITIONS = 8   # as in steady.c


def compile_programs(folder, device, networks):
    """Programs of @networks, each (model, precision, batch), for a geometry. Returns their files."""
    os.makedirs(folder, exist_ok=True)
    files = []
    for i, (model, precision, batch) in enumerate(networks):
        path = os.path.join(folder, f'{i}-{model}-{precision}.elf')
        subprocess.run([os.path.join(build(), 'accel'), 'compile', f'models/digits-{model}.onnx', '--device', device,
                        '--precision', precision, '--batch', str(batch), '--calib', f'{DATA}/train-images-idx3-ubyte',
                        '-o', path], check=True, stdout=subprocess.DEVNULL)
        files.append(path)
    return files


def command(programs, threads, device='drm', runs=0):
    names = ' '.join('programs/' + os.path.basename(p) for p in programs)
    return f'./steady {device} digits {threads} {runs} {names}'


def payload(programs):
    """loom-vm's options for what command() needs."""
    return ['--payload', os.path.join(build(), 'tests', 'steady'), '--payload', f'{DATA}:/loom/digits',
            '--payload', f'{os.path.dirname(programs[0])}:/loom/programs']


def reference(device, programs):
    """{(program, position): what comes out} in this process's stead, on @device."""
    out = subprocess.run([os.path.join(build(), 'tests', 'steady'), device, DATA, str(len(programs)), str(POSITIONS),
                          *programs], check=True, capture_output=True, text=True).stdout
    table = {}
    for line in out.splitlines():
        _, _, _, program, position, value = line.split()
        table[int(program), int(position)] = value
    return table


class Results:
    """Takes the lines of steady, in which no run may be missing, twice there, or different from @table."""

    def __init__(self, table, device='drm'):
        self.table, self.device = table, device
        self.next = {}
        self.count = 0

    def restart(self):
        """Another steady begins, whose runs count from 0."""
        self.next = {}

    def take(self, line):
        """Whether the line is one of this device."""
        device, *word = line.split(' ')
        if device != self.device:
            return False
        thread, run, program, position = (int(w) for w in word[:4])
        if run != self.next.get(thread, 0):
            raise Failure(f'{device} thread {thread}: run {run}, not {self.next.get(thread, 0)}')
        if word[4:] != [self.table[program, position]]:
            raise Failure(f'{device} program {program} on {position}: {word[4:]}, undisturbed '
                          f'{self.table[program, position]}')
        self.next[thread] = run + 1
        self.count += 1
        return True


def only_results(lines, *takers):
    """Lines, each of which one of @takers must know."""
    for line in lines:
        if not any(taker.take(line) for taker in takers):
            raise Failure(f'the guest said: {line}')
