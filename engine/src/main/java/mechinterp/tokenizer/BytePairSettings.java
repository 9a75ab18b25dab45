package mechinterp.tokenizer;

import java.util.OptionalInt;

/**
 * What a byte-pair model does beside merging.
 *
 * @param unknown token for characters that are none; without it they vanish
 * @param fuseUnknown whether neighbours that are unknown are one token
 * @param byteFallback whether an unknown character becomes tokens {@code <0xE2>} of its UTF-8 bytes
 * @param ignoreMerges whether a word that is a token is that token, whatever the merges
 */
record BytePairSettings(
    OptionalInt unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) {}
