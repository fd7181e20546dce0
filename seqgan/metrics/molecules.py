"""Whether a sentence is a molecule. The only file that imports RDKit, an optional extra."""

from seqgan.errors import ConfigError


def is_valid_smiles(sentence: str) -> bool:
    """Whether a sentence, all of it, is the SMILES of a molecule that RDKit can make: a check for `judge_sentences`.

    RDKit itself takes the empty text for a molecule without atoms, and reads a text up to its first white space: what
    stands behind is a name. A sentence that is empty, or has white space anywhere, is no molecule here.

    Args:
        sentence: the text of one sample.

    Raises:
        ConfigError: RDKit is not installed; names the extra.
    """
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise ConfigError(
            "Molecules are to be checked, and RDKit is missing: pip install 'seqgan[molecules]'."
        ) from error
    if not sentence or any(character.isspace() for character in sentence):
        return False
    with rdBase.BlockLogs():  # it would say of each why not
        molecule = Chem.MolFromSmiles(sentence)
    return molecule is not None and molecule.GetNumAtoms() > 0
