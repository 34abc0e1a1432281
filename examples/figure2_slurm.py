r"""Figure 2, or the crossover, on a SLURM cluster: a Dask cluster of batch jobs, and a sweep on it.

Needs ``pip install dask-jobqueue`` and a folder that this script's machine can write to (workers
send their results back and write nothing).  Adapt queue, memory and time, then::

    python examples/figure2_slurm.py --jobs 20 --output results
    python examples/figure2_slurm.py --command crossover --config examples/crossover_fashion.toml \
        --jobs 20 --memory 96GB --walltime 06:00:00 --output results

The script may be ended and started again at any time: it goes on where it was.  Jobs may end at
any time as well: their cells are given to others.
"""

import argparse

from dask_jobqueue import SLURMCluster

from verify.cli.main import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--queue", default=None)
    parser.add_argument("--command", choices=("figure2", "crossover"), default="figure2")
    parser.add_argument("--memory", default="32GB")
    parser.add_argument("--walltime", default="02:00:00")
    parser.add_argument("--output", default="results")
    options, sweep = parser.parse_known_args()

    cluster = SLURMCluster(
        queue=options.queue,
        # Single-threaded processes, as many as cores: a cell is one thread's work.
        cores=16,
        processes=16,
        memory=options.memory,
        walltime=options.walltime,
        job_script_prologue=[
            "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1",
            # Generated kernels are compiled once a node, not once a process on a network disk.
            "export MIXED_DYNAMICS_CACHE=/tmp/mixed-dynamics-$USER",
        ],
    )
    cluster.scale(jobs=options.jobs)
    address = cluster.scheduler_address
    where = ["--scheduler", address, "--output", options.output, "--resume"]
    raise SystemExit(main([options.command, *where, *sweep]))
