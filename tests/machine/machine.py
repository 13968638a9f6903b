# SPDX-License-Identifier: MIT
"""A guest that a test holds by QEMU's own strings (QMP): made by tools/vm/loom-vm, started, stopped, saved, restored."""
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

TIMEOUT_S = 120         # for anything at all that must come; hosts are busy
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is done at the end of a test is done then too
LOG_LINES = 40          # of the guest's kernel, to be shown where something is wrong
KERNEL_BUG = r'BUG:|WARNING:|Oops|Call Trace|blocked for more'


class Failure(Exception):
    """What a test says of a machine that did not do what it must."""


def build():
    return os.environ.get('B', 'build')


def wait_for(what, why, seconds=TIMEOUT_S):
    """Polls what() until it is true, and returns what it said."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f'waited {seconds} s in vain: {why}')
        time.sleep(0.002)


def prepare(folder, command, *options):
    """The files of a guest that runs @command, in @folder."""
    subprocess.run(['tools/vm/loom-vm', 'prepare', folder, '--kvm', 'off', *options, '--cmd', command], check=True)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    """One QEMU process. Those of one folder, one after the other, are one guest."""

    def __init__(self, folder, *words, incoming=None, env=None):
        self.folder = folder
        path = os.path.join(folder, 'qmp')
        if os.path.exists(path):
            os.unlink(path)
        words = ['-qmp', f'unix:{path},server=on,wait=off', *words]
        if incoming:
            words += ['-incoming', f'exec:cat {incoming}']
        self.errors = open(os.path.join(folder, 'stderr'), 'ab+')
        self.process = subprocess.Popen([os.path.join(folder, 'run'), *words], stdin=subprocess.DEVNULL,
                                        stdout=self.errors, stderr=self.errors, env=env, preexec_fn=die_with_parent)
        self.events = []
        self.socket = None
        try:
            wait_for(lambda: self._connect(path), 'QMP')
            self.reader = self.socket.makefile('r')
            json.loads(self.reader.readline())
            self.qmp('qmp_capabilities')
        except BaseException:
            self.kill()
            raise

    def _connect(self, path):
        self._alive()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        try:
            self.socket.connect(path)
            return True
        except OSError:
            self.socket.close()
            return False

    def _alive(self):
        if self.process.poll() is not None:
            self.errors.seek(0)
            said = self.errors.read().decode(errors='replace')[-2000:]
            begun = os.path.exists(os.path.join(self.folder, 'serial'))
            last = console(self.folder)[-LOG_LINES:] if begun else []
            raise Failure('\n'.join([f'QEMU ended with status {self.process.returncode}: {said}',
                                     *(f'the guest: {line}' for line in last)]))

    def qmp(self, command, **arguments):
        message = {'execute': command}
        if arguments:
            message['arguments'] = {k.replace('_', '-'): v for k, v in arguments.items()}
        while True:
            try:
                if message:
                    self.socket.sendall(json.dumps(message).encode())
                message = None
                line = self.reader.readline()
            except ConnectionError:
                line = ''
            if not line:
                self.wait()
                self._alive()
                raise Failure(f'QEMU closed its monitor at {command}')
            answer = json.loads(line)
            if 'event' in answer:
                self.events.append(answer)
            elif 'error' in answer:
                raise Failure(f"{command}: {answer['error']['desc']}")
            else:
                return answer['return']

    def get(self, device, name):
        return self.qmp('qom-get', path=f'/machine/peripheral/{device}', property=name)

    def inject(self, fault, device='npu'):
        self.qmp('qom-set', path=f'/machine/peripheral/{device}', property='x-fault', value=fault)

    def had_event(self, name, **data):
        """Whether an event of this kind came; it is forgotten."""
        self.qmp('query-status')
        for event in self.events:
            if event['event'] == name and all(event['data'].get(k) == v for k, v in data.items()):
                self.events.remove(event)
                return True
        return False

    def save(self, path):
        """Saves the stopped guest to a file."""
        self.qmp('migrate-set-parameters', max_bandwidth=1 << 33)
        self.qmp('migrate', uri=f'exec:cat > {path}')

        def done():
            status = self.qmp('query-migrate').get('status')
            if status == 'failed':
                raise Failure('saving failed')
            return status == 'completed'
        wait_for(done, 'saving')

    def loaded(self):
        """Waits until the guest has been restored; it stands as it stood."""
        wait_for(lambda: self.qmp('query-status')['status'] not in ('inmigrate', 'prelaunch'), 'restoring')

    def quit(self):
        try:
            self.qmp('quit')
        except (Failure, OSError):
            pass
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise Failure('QEMU does not end') from None

    def kill(self):
        if self.socket:
            self.socket.close()
        self.process.kill()
        self.process.wait()

    def threads(self):
        """Names of the process's threads."""
        tasks = f'/proc/{self.process.pid}/task'
        names = []
        for task in os.listdir(tasks):
            try:
                with open(f'{tasks}/{task}/comm', encoding='ascii') as comm:
                    names.append(comm.read().strip())
            except OSError:
                pass
        return names


class Output:
    """What the guest's command has printed so far, line by line."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'out')
        open(self.path, 'ab').close()
        self.file = open(self.path, encoding='ascii', errors='replace')
        self.rest = ''

    def lines(self):
        text = self.rest + self.file.read()
        *lines, self.rest = text.split('\n')
        return lines


def console(folder):
    """What the guest's kernel has said so far, line by line."""
    with open(os.path.join(folder, 'serial'), encoding='ascii', errors='replace') as serial:
        return [line.strip() for line in serial]


def check_log(folder, bad=KERNEL_BUG + r'|\*ERROR\*'):
    lines = console(folder)
    for i, line in enumerate(lines):
        if re.search(bad, line):
            raise Failure('\n'.join(["the guest's kernel complains:", *lines[i:i + LOG_LINES]]))


class Tap:
    """Tests whose outcome is that of a block: with tap.test(name): ..."""

    def __init__(self):
        self.run = 0
        self.failed = 0

    def test(self, name):
        return _Test(self, name)

    def done(self):
        print(f'1..{self.run}')
        sys.exit(1 if self.failed else 0)


class _Test:
    def __init__(self, tap, name):
        self.tap, self.name = tap, name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.tap.run += 1
        if error is None:
            print(f'ok {self.tap.run} - {self.name}', flush=True)
            return False
        if not isinstance(error, (Failure, subprocess.CalledProcessError, OSError)):
            return False
        self.tap.failed += 1
        print(f'not ok {self.tap.run} - {self.name}')
        for line in str(error).splitlines():
            print(f'# {line}')
        sys.stdout.flush()
        return True
