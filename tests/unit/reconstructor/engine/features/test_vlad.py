"""Does retrieval find the image of the same place, and does it stay the same after a restart?"""

import numpy as np

from reconstructor.engine.features.vlad import TRAINING_IMAGES, SimilarImages

PLACES = 40  # more than the table of vectors begins with


def place(number: int, seed: int) -> np.ndarray:
    """Features of one place: its own descriptors, seen with noise."""
    own = np.random.default_rng(number).integers(0, 80, (200, 128))
    noisy = own + np.random.default_rng([number, seed]).integers(-8, 9, own.shape)
    seen: np.ndarray = np.clip(noisy, 0, 255).astype(np.uint8)
    return seen


def filled() -> SimilarImages:
    similar = SimilarImages(seed=0)
    for number in range(PLACES):
        similar.add(place(number, 0))
    return similar


def test_the_same_place_is_found_first_among_many() -> None:
    similar = filled()
    assert [similar.rank(place(number, 1), 3)[0] for number in range(PLACES)] == list(range(PLACES))


def test_until_it_is_trained_every_image_is_similar() -> None:
    similar = SimilarImages(seed=0)
    for number in range(TRAINING_IMAGES - 1):
        similar.add(place(number, 0))
    assert similar.rank(place(3, 1), 2) == list(range(TRAINING_IMAGES - 1))


def test_the_same_images_give_the_same_ranking() -> None:
    assert filled().rank(place(4, 1), 9) == filled().rank(place(4, 1), 9)


def test_blank_photographs_do_no_harm() -> None:
    similar = SimilarImages(seed=0)
    for _ in range(TRAINING_IMAGES + 2):
        similar.add(np.empty((0, 128), np.uint8))
    assert len(similar.rank(place(0, 0), 5)) == 5
