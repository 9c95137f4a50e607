"""Two-covariance PLDA: an embedding is a speaker's centre plus a deviation.

x = m + y + e, with centres y ~ N(0, B) and deviations e ~ N(0, W).

S. Ioffe, "Probabilistic linear discriminant analysis", ECCV 2006; the scoring is
that of Kaldi. B may have a lower rank than the embeddings (simplified PLDA:
P. Kenny, "Bayesian speaker verification with heavy-tailed priors", Odyssey 2010).
"""

from dataclasses import dataclass

import numpy as np

from utils.backend.vectors import check_dimension


@dataclass(frozen=True)
class Plda:
    """A trained model, in the space where W is the identity and B is diagonal.

    Attributes
    ----------
    mean : ndarray of shape (D,)
    transform : ndarray of shape (K, D)
        ``u = transform @ (x - mean)`` has covariance within speakers I, and between
        them diag(psi).
    psi : ndarray of shape (K,)
        Not negative, not rising.
    """

    mean: np.ndarray
    transform: np.ndarray
    psi: np.ndarray

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to the model's space (N, K).

        Raises
        ------
        ValueError
            Their dimension is another.
        """
        check_dimension(embeddings, len(self.mean))
        return (embeddings - self.mean) @ self.transform.T  # (N, D) @ (D, K)

    def normalise_length(
        self, projected: np.ndarray, n_utterances: np.ndarray | int = 1
    ) -> np.ndarray:
        """Scale projected vectors to the length that the model expects.

        Kaldi's normalisation: u * sqrt(K / sum(u^2 / (psi + 1/n))), with n the
        number of utterances that the vector is the mean of.

        Parameters
        ----------
        projected : ndarray of shape (N, K)
        n_utterances : int or ndarray of int, shape (N,)

        Raises
        ------
        ValueError
            A vector is zero.
        """
        n = np.broadcast_to(n_utterances, len(projected))[:, None]  # (N, 1)
        squares = np.sum(projected**2 / (self.psi + 1 / n), axis=1, keepdims=True)
        if not (squares > 0).all():
            raise ValueError("a vector is the mean of the model: it has no direction")
        return projected * np.sqrt(len(self.psi) / squares)

    def llr(
        self,
        enrol: np.ndarray,
        test: np.ndarray,
        n_utterances: np.ndarray | int = 1,
    ) -> np.ndarray:
        """Log-likelihood ratio of every enrolled model with every test.

        Enrolment is by the book: given the mean u of n utterances, the speaker's
        centre is N(n psi / (n psi + 1) u, psi / (n psi + 1)), and the ratio is
        N(t; that mean, 1 + that variance) / N(t; 0, 1 + psi).

        Parameters
        ----------
        enrol : ndarray of shape (N, K)
            Projected means of the enrolment utterances.
        test : ndarray of shape (M, K)
            Projected embeddings.
        n_utterances : int or ndarray of int, shape (N,)
            Behind each row of ``enrol``.

        Returns
        -------
        ndarray of shape (N, M)
            Natural logarithms.

        Example
        -------
        >>> model = Plda(np.zeros(1), np.eye(1), np.array([3.0]))
        >>> model.llr(np.array([[2.0]]), np.array([[2.0], [-2.0]])).round(3)
        array([[ 0.842, -2.587]])
        """
        n = np.broadcast_to(n_utterances, len(enrol))
        scores = np.empty((len(enrol), len(test)), np.result_type(enrol, test))
        for count in np.unique(n):
            same = n == count
            left, right = self.factors(enrol[same], test, int(count))
            if same.all():
                return left @ right.T  # (N, K + 2) @ (K + 2, M)
            scores[same] = left @ right.T
        return scores

    def factors(
        self, enrol: np.ndarray, test: np.ndarray, n_utterances: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Write the log-likelihood ratios of all pairs as one matrix product.

        Parameters
        ----------
        enrol : ndarray of shape (N, K)
        test : ndarray of shape (M, K)
        n_utterances : int
            Behind every row of ``enrol``.

        Returns
        -------
        left : ndarray of shape (N, K + 2)
        right : ndarray of shape (M, K + 2)
            ``left @ right.T`` is `llr`.
        """
        posterior = self.psi / (n_utterances * self.psi + 1)
        gain, variance, total = n_utterances * posterior, 1 + posterior, 1 + self.psi
        # -[(t - gain u)^2 / variance - t^2 / total + ln(variance / total)] / 2
        of_enrol = enrol**2 @ (gain**2 / variance) + np.sum(np.log(variance / total))
        of_test = test**2 @ (1 / variance - 1 / total)  # (M, K) @ (K,)
        left = [
            enrol * (gain / variance),
            of_enrol[:, None] / -2,
            np.ones((len(enrol), 1)),
        ]
        right = [test, np.ones((len(test), 1)), of_test[:, None] / -2]
        dtype = np.result_type(enrol, test)
        return np.hstack(left).astype(dtype), np.hstack(right).astype(dtype)

    def covariances(self) -> tuple[np.ndarray, np.ndarray]:
        """Return B and W, both (D, D).

        Raises
        ------
        ValueError
            The model has a lower rank, and has not kept W outside of it.
        """
        if len(self.psi) < len(self.mean):
            raise ValueError("a model of lower rank does not hold W as a whole")
        inverse = np.linalg.inv(self.transform)
        return (inverse * self.psi) @ inverse.T, inverse @ inverse.T


def diagonalise(mean: np.ndarray, loading: np.ndarray, within: np.ndarray) -> Plda:
    """Find the space where W is the identity and B is diagonal."""
    from scipy.linalg import eigh  # slow to import, and used to learn alone

    psi, vectors = eigh(loading @ loading.T, within)  # eigenvalues rise
    rank = loading.shape[1]
    return Plda(mean, vectors[:, ::-1][:, :rank].T, np.maximum(psi[::-1][:rank], 0.0))
