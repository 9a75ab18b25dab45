package mechinterp.analysis.steering;

/** A change of a latent at some places. */
record PlacedChange(LatentChange change, Positions positions) {}
