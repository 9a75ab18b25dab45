package mechinterp.analysis.explanation;

import java.util.Optional;

/**
 * What a judge says of a latent, and its scores.
 *
 * @param latent its number
 * @param text the explanation; absent where the latent is never active or the answer had none
 * @param detection which contexts have the latent
 * @param fuzzing in which contexts the right tokens are marked
 * @param intruder which context does not belong to the others
 */
public record LatentExplanation(
    int latent,
    Optional<String> text,
    Optional<DetectionCount> detection,
    Optional<DetectionCount> fuzzing,
    Optional<IntruderCount> intruder) {}
