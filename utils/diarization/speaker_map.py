"""Embeddings as points of a plane, near where they are alike."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from utils.backend.vectors import length_normalise

METHODS = ("tsne", "umap")
_MOST_NAMES = 40  # groups whose names are drawn
_PERPLEXITY = 30.0


def place_in_plane(
    embeddings: np.ndarray, method: str = "tsne", seed: int = 0
) -> np.ndarray:
    """Return a place for each embedding (N, D), by cosine: shape (N, 2).

    L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", Journal of Machine
    Learning Research 9 (2008). Up to four embeddings are placed by principal axes.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
    method : str
        ``tsne``, of scikit-learn, or ``umap``, of the package umap-learn.
    seed : int

    Raises
    ------
    ValueError
        The package is not installed.
    """
    unit = length_normalise(embeddings).astype(np.float32)
    if len(unit) < 5:
        left, sizes, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
        places = np.zeros((len(unit), 2))
        places[:, : len(sizes)] = (left * sizes)[:, :2]
        return places
    if method == "umap":
        try:
            from umap import UMAP
        except ImportError:
            raise ValueError(
                "umap-learn is not installed; install it or take tsne"
            ) from None
        return UMAP(metric="cosine", random_state=seed).fit_transform(unit)
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(unit) - 1) / 3)
    plane = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=seed)
    return plane.fit_transform(unit)


def draw_map(places: np.ndarray, labellings: Mapping[str, np.ndarray]) -> Figure:
    """Draw points in the colours of their groups, once for each labelling.

    Parameters
    ----------
    places : ndarray of shape (N, 2)
    labellings : mapping of ndarray, shape (N,)
        Group of each point, by the labelling's title.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patheffects import withStroke

    figure, axes = plt.subplots(
        1, len(labellings), figsize=(6 * len(labellings), 6), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for place, (title, labels) in zip(axes[0], labellings.items(), strict=True):
        names, numbers = np.unique(labels, return_inverse=True)
        hues = plt.get_cmap("hsv")(numbers * 0.618 % 1)  # far apart for neighbours
        place.scatter(*places.T, s=8, color=hues)
        place.set(title=f"{title}: {len(names)} groups", xticks=[], yticks=[])
        for number, name in enumerate(names if len(names) <= _MOST_NAMES else []):
            place.annotate(
                str(name), name_place(places[numbers == number]), (0, 3),
                textcoords="offset points", ha="center", fontsize="small",
                path_effects=[withStroke(linewidth=2, foreground="white")],
            )  # fmt: skip
    return figure


def name_place(places: np.ndarray) -> np.ndarray:
    """Return the point of a group (n, 2) that its name is written at: the middle one.

    Example
    -------
    >>> name_place(np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0], [9.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    offsets = np.linalg.norm(places - np.median(places, axis=0), axis=1)
    return places[offsets.argmin()]
