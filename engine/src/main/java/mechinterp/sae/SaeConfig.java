package mechinterp.sae;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * What kind of sparse autoencoder, and how large. In JSON the field {@code architecture} names the
 * kind, as SAELens does.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "architecture")
@JsonSubTypes({
  @JsonSubTypes.Type(value = TopKConfig.class, name = TopKConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = BatchTopKConfig.class, name = BatchTopKConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = JumpReluConfig.class, name = JumpReluConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = MatryoshkaConfig.class, name = MatryoshkaConfig.ARCHITECTURE)
})
public sealed interface SaeConfig
    permits TopKConfig, BatchTopKConfig, JumpReluConfig, MatryoshkaConfig {
  /** Returns the name of the kind as in SAELens' {@code cfg.json}. */
  String architecture();

  /** Returns the width of an activation. */
  int dIn();

  /** Returns the number of latents. */
  int dSae();
}
