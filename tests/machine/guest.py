# SPDX-License-Identifier: MIT
"""A guest in which networks run whenever there is an NPU, which sits in a hot-plug port; commands reach it from outside."""
import os
import re
import socket
import subprocess

import load
from machine import Failure, Machine, Output, prepare, wait_for

NPU = '0000:01:00.0'
CORES = 2
GEOMETRY = f'array=16,cores={CORES},spm=262144,acc=65536'
NETWORKS = [('cnn', 'fp32', 8), ('cnn', 'int8', 16), ('mlp', 'fp16', 16)]

# Options of loom-vm for a guest that has an IOMMU in front of the NPU
IOMMU = ['--qemu-arg', '-device', '--qemu-arg', 'intel-iommu,intremap=off', '--append', 'intel_iommu=on iommu.strict=1']

# What is read from the port are commands; networks run whenever there is an NPU.
COMMAND = f'''
for port in /sys/class/virtio-ports/*; do
	[ "$(cat $port/name)" != loom.ctl ] || ctl=/dev/${{port##*/}}
done
while read -r line; do sh -c "$line"; done <$ctl &
while :; do
	until [ -e /sys/bus/pci/devices/{NPU}/accel ]; do usleep 20000; done
	printf '\\nbegin\\n'
	./steady {NPU} digits {CORES * 2} 0 programs/* 2>/dev/null
	usleep 20000
done
'''


class Guest:
    def __init__(self, folder, asan=None, options=()):
        self.folder = folder
        programs = load.compile_programs(f'{folder}/programs', f'sim:{GEOMETRY}', NETWORKS)
        ctl = ['-device', 'pcie-root-port,id=npu-port,chassis=1,slot=1,addr=1', '-device', 'virtio-serial-pci,id=ctl-bus',
               '-chardev', f'socket,id=ctl,path={folder}/ctl,server=on,wait=off',
               '-device', 'virtserialport,bus=ctl-bus.0,chardev=ctl,nr=2,name=loom.ctl']
        prepare(folder, COMMAND, '--mem', '256', '--device-opts', f'id=npu,bus=npu-port,{GEOMETRY}',
                *(word for c in ctl for word in ('--qemu-arg', c)), *load.payload(programs), *options)
        if asan:
            self.use(asan)
        self.results = load.Results(load.reference(f'sim:{GEOMETRY}', programs), NPU)
        self.output = Output(folder)
        self.torn = True
        self.begins = 0
        self.machine = Machine(folder)
        self.machine.qmp('set-action', reboot='reset')
        self.ctl = socket.socket(socket.AF_UNIX)
        self.ctl.connect(f'{folder}/ctl')

    def use(self, asan):
        """Puts another device object, and its sanitizer before it, into the script that starts QEMU."""
        run = os.path.join(self.folder, 'run')
        with open(run, encoding='utf-8') as script:
            text = script.read()
        library = subprocess.run(['gcc', '-print-file-name=libasan.so'], check=True, capture_output=True,
                                 text=True).stdout.strip()
        text, n = re.subn(r'LD_PRELOAD=[^\']*', f'LD_PRELOAD={os.path.realpath(library)}:{os.path.abspath(asan)}', text)
        if n != 1:
            raise Failure('QEMU is not started with a device that could be replaced')
        with open(run, 'w', encoding='utf-8') as script:
            script.write(text)

    def look(self):
        for line in self.output.lines():
            if line == 'begin':
                self.results.restart()
                self.begins += 1
                self.torn = False
            elif line and not self.torn:
                load.only_results([line], self.results)
        self.machine.qmp('query-status')

    def run_on(self, runs):
        target = self.results.count + runs

        def reached():
            self.look()
            return self.results.count >= target
        wait_for(reached, 'results')

    def threads(self, number):
        wait_for(lambda: self.machine.threads().count('loom') == number, f'{number} threads of devices')

    def say(self, command):
        """Runs a line of shell in the guest."""
        self.ctl.sendall(command.encode() + b'\n')

    def reset_function(self):
        self.say(f'echo 1 >/sys/bus/pci/devices/{NPU}/reset')

    def bind_anew(self):
        self.say(f'cd /sys/bus/pci/drivers/loom && echo {NPU} >unbind; echo {NPU} >bind')

    def close(self):
        self.ctl.close()
        self.machine.kill()
