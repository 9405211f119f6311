"""Makes the data of DeepOBS's problem `quadratic_deep` (Schneider, Balles and Hennig 2019).

    python xtask/python/quadratic_deep.py data/quadratic-deep

Writes three float32 arrays: `matrix.npy`, the Hessian [100, 100], whose eigenvalues are 90
draws from (0, 1) and 10 from (30, 60) and whose eigenvectors are a random rotation;
`train.npy`, 1,000 vectors of normal values with standard deviation 0.6; `test.npy`, likewise
with the next seed, but only the 896 vectors of seven batches of 128. All draws are from NumPy's
legacy generator, whose streams are the same in every version.
"""

import sys
from pathlib import Path

import numpy as np

DIMENSIONS = 100
MATRIX_SEED, TRAIN_SEED, TEST_SEED = 42, 42, 43
DEVIATION = 0.6
SAMPLES, TESTED = 1000, 7 * 128


def rotation(draws, n):
    """A uniformly random rotation, built dimension by dimension with reflections that map the first
    axis to a random direction (Diaconis and Shahshahani 1987), with a final change of sign."""
    angle = 2 * np.pi * draws.uniform()
    cosine, sine = np.cos(angle), np.sin(angle)
    out = np.array([[cosine, sine], [-sine, cosine]])
    for size in range(3, n + 1):
        direction = draws.normal(size=size)
        mirror = -direction / np.linalg.norm(direction)
        mirror[0] += 1
        mirror /= np.linalg.norm(mirror)
        grown = np.eye(size)
        grown[1:, 1:] = out
        out = grown - 2 * np.outer(mirror, mirror @ grown)
    return -out


def vectors(seed):
    return np.random.RandomState(seed).normal(0, DEVIATION, (SAMPLES, DIMENSIONS))


def main(folder):
    draws = np.random.RandomState(MATRIX_SEED)
    eigenvalues = np.concatenate([draws.uniform(0, 1, 90), draws.uniform(30, 60, 10)])
    turn = rotation(draws, DIMENSIONS)
    matrix = turn.T @ np.diag(eigenvalues) @ turn
    arrays = {
        "matrix": (matrix + matrix.T) / 2,
        "train": vectors(TRAIN_SEED),
        "test": vectors(TEST_SEED)[:TESTED],
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values.astype(np.float32))
    away = 1 - arrays["test"].astype(np.float32)
    loss = 0.5 * np.einsum("bi,ij,bj->b", away, matrix, away).mean()
    print(f"loss of the test vectors at 1 everywhere: {loss:.6f} (published: 353.446764)")


if __name__ == "__main__":
    main(sys.argv[1])
