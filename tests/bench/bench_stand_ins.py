"""Stand-ins: a clock that moves only when told, a CUDA that minds the order of calls, networks that take their time."""

import torch
from torch import nn

from archscope.bench.cpu_allocator import Peak
from archscope.bench.devices import Cpu
from archscope.models.loading import Model


class Clock:
    """Seconds that pass only by `sleep`."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class ClockedCpu(Cpu):
    """A CPU with such a clock and without a profiler."""

    def __init__(self, clock, peak=None):
        super().__init__(clock)
        self.peak = peak or Peak(0, 0)

    def peak_memory(self, run):
        run()
        return self.peak


class Sleeper(nn.Module):
    """Takes `seconds` of a clock for one forward; of every `slow`th run, ten times as much."""

    def __init__(self, clock, seconds, slow=0):
        super().__init__()
        self.clock = [clock]  # not copied with the module: lists of non-modules are
        self.seconds = seconds
        self.slow = slow
        self.linear = nn.Linear(4, 2)
        self.runs = 0

    def __deepcopy__(self, memo):
        twin = Sleeper(self.clock[0], self.seconds, self.slow)
        twin.load_state_dict(self.state_dict())
        return twin

    def forward(self, x):
        self.runs += 1
        late = self.slow and self.runs % self.slow == 0
        self.clock[0].sleep(self.seconds * (10 if late else 1))
        return self.linear(x)


def sleeper(clock, seconds, name="sleeper", slow=0):
    return Model(name, Sleeper(clock, seconds, slow), ((4,),))


class FakeCuda:
    """`torch.cuda` for a machine with two GPUs; fails on what would be a wrong order of calls on a real one.

    Work is queued and takes its time only when the queue is waited for.
    """

    def __init__(self, seconds=0.004, count=2):
        self.seconds = seconds
        self.count = count
        self.current = 0
        self.queued = 0  # runs since the last wait
        self.time = 0.0
        self.log = []
        self.peak = None
        self.allocated = 1000
        self.bf16 = True
        self.capability = (9, 0)

    def is_available(self):
        return self.count > 0

    def device_count(self):
        return self.count

    def is_bf16_supported(self):
        return self.bf16

    def device(self, index):
        api = self

        class Chosen:
            def __enter__(self):
                self.before, api.current = api.current, index

            def __exit__(self, *error):
                api.current = self.before

        return Chosen()

    def synchronize(self, index):
        assert 0 <= index < self.count
        self.log.append(("synchronize", index))
        self.queued = 0

    def launch(self):
        """What a kernel does: it joins the queue of the current device."""
        self.log.append(("launch", self.current))
        self.queued += 1
        self.time += self.seconds
        self.peak = max(self.peak or 0, self.allocated + 500)

    @property
    def Event(self):
        api = self

        class Event:
            def __init__(self, enable_timing=False):
                assert enable_timing, "an event without timing has no time"
                self.at = None

            def record(self):
                self.at = api.time
                self.device = api.current
                api.log.append(("record", api.current))

            def elapsed_time(self, other):
                assert self.at is not None, "the event was not recorded"
                assert other.at is not None, "the event was not recorded"
                assert self.device == other.device, "events of two devices"
                assert api.queued == 0, "the queue was not waited for"
                return (other.at - self.at) * 1000

        return Event

    def reset_peak_memory_stats(self, index):
        assert self.log[-1] == ("synchronize", index), "the peak would be that of work still queued"
        self.peak = self.allocated

    def memory_allocated(self, index):
        return self.allocated

    def max_memory_allocated(self, index):
        assert self.peak is not None, "the peak was never reset"
        assert self.log[-1] == ("synchronize", index), "the run may not be over"
        return self.peak

    def get_device_capability(self, index):
        assert 0 <= index < self.count
        return self.capability

    def empty_cache(self):
        self.log.append(("empty_cache", self.current))

    def get_device_properties(self, index):
        class Properties:
            name = f"GPU number {index}"
            total_memory = 2**34

        return Properties


class OnFakeCuda(nn.Module):
    """A network whose forward is one kernel of a FakeCuda; runs out of memory from a batch on."""

    def __init__(self, api, most=1000):
        super().__init__()
        self.api = [api]
        self.most = most
        self.linear = nn.Linear(4, 2)

    def __deepcopy__(self, memo):
        twin = OnFakeCuda(self.api[0], self.most)
        twin.load_state_dict(self.state_dict())
        return twin

    def forward(self, x):
        if len(x) > self.most and x.device.type != "meta":
            raise torch.cuda.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 16.00 GiB of which 9.50 GiB is free. "
                "Including non-PyTorch memory, this process has 6.50 GiB memory in use. If reserved memory is large, try setting"
            )
        if x.device.type != "meta":
            self.api[0].launch()
        return self.linear(x)
