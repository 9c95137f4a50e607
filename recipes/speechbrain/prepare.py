"""SpeechBrain's manifests: a folder with train, valid and test, as CSV or JSON.

$data_root or {data_root} in a path stands for --data-root.
"""

from recipes.csv.prepare import find
from recipes.own_data import add_data_root, own_data
from recipes.preparation import run_recipe

RECIPE = own_data(find, add_data_root)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
