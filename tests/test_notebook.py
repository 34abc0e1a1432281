"""The notebook runs from top to bottom, and is stored without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PATH = Path(__file__).parents[1] / "examples" / "first_steps.ipynb"

#: Seconds for one cell; the first one compiles kernels where there are none yet.
TIMEOUT = 300


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(PATH, as_version=4)


def test_no_outputs_are_stored(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.filterwarnings("default")  # those of the kernel's machinery are not ours
def test_it_runs_and_shows_derivation_figures_and_a_small_deviation(notebook):
    done = NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3").execute()
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    kinds = [kind for output in outputs for kind in output.get("data", ())]
    assert "text/markdown" in kinds  # the derivation
    assert kinds.count("image/png") == 4
    assert kinds.count("text/html") == 1  # the dataset
    (line,) = [x.text for x in outputs if x.output_type == "stream"]
    # The README's 1 % at d = 100 is a median over cells; one run scatters by a factor of a few.
    assert float(line.split(":")[1].strip(" %\n")) < 5
