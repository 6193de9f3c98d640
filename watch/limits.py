"""A limit on time for everything that waits for a server."""

import contextlib
import signal


@contextlib.contextmanager
def time_limit(seconds):
    """Raises `TimeoutError` after this time, even if a server keeps sending a byte now and then."""

    def stop(_signal, _frame):
        raise TimeoutError(f"no complete answer within {seconds:g} seconds")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
