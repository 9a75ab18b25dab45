package mechinterp.model;

import mechinterp.device.MemoryPlan;
import mechinterp.tokenizer.Tokenizer;

/**
 * A model that is about to be loaded.
 *
 * @param config what it is
 * @param tokenizer its tokenizer
 * @param memory what it takes
 */
public record LoadPlan(TransformerConfig config, Tokenizer tokenizer, MemoryPlan memory) {}
