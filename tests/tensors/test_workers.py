"""Threads that each compute alone."""

import threading

import pytest
import torch

from seqgan.tensors.workers import alone, crew_size, in_parallel

CPU = torch.device("cpu")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_parts(two_threads):
    assert in_parallel(lambda part: part**2, range(50), CPU) == [part**2 for part in range(50)]


def test_each_part_is_done_without_gradients_by_one_thread_of_torch(two_threads):
    main = threading.get_ident()

    def look(part):
        return threading.get_ident(), torch.get_num_threads(), torch.is_grad_enabled(), crew_size()

    for thread, threads, gradients, crew in in_parallel(look, range(8), CPU):
        assert thread != main
        assert (threads, gradients, crew) == (1, False, 1)
    assert torch.get_num_threads() == 2
    assert torch.is_grad_enabled()


def test_one_part_or_one_thread_stays_where_it_is(two_threads):
    main = threading.get_ident()
    assert in_parallel(lambda part: threading.get_ident(), [0], CPU) == [main]
    torch.set_num_threads(1)
    assert in_parallel(lambda part: threading.get_ident(), [0, 1], CPU) == [main, main]


def test_alone_leaves_the_others_to_parallel_work(two_threads):
    with alone():
        assert torch.get_num_threads() == 1
        assert crew_size() == 2
        with alone():
            assert crew_size() == 2
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == crew_size() == 2


def test_an_error_arrives(two_threads):
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda part: 1 // part, [1, 0], CPU)
