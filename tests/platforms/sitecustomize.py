"""Takes away what Windows or macOS lack, in every Python process on whose path this file lies.

What the libraries around us take for granted on Linux stays: `resource`, for psutil, and
`os.register_at_fork`, for torch.
"""

import multiprocessing
import os
import signal
import sys

MODULES = ("fcntl", "grp", "multiprocessing.forkserver", "pwd", "termios")
OF_OS = (
    *("O_NOFOLLOW", "O_NONBLOCK", "chown", "fork", "forkpty", "getgid", "getloadavg", "getuid"),
    *("killpg", "mkfifo", "pread", "preadv", "pwrite", "pwritev", "sched_getaffinity"),
    *("sched_setaffinity", "setsid"),
)
OF_SIGNAL = ("SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "alarm", "pthread_sigmask", "setitimer")

multiprocessing.get_all_start_methods = lambda: ["spawn"]
multiprocessing.set_start_method("spawn")
for _name in MODULES:
    sys.modules[_name] = None
for _module, _names in ((os, OF_OS), (signal, OF_SIGNAL)):
    for _name in _names:
        delattr(_module, _name)
