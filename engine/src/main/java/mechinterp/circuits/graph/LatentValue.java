package mechinterp.circuits.graph;

/** An activation that a latent is set to on one token. */
record LatentValue(int layer, int position, int latent, float value) {}
