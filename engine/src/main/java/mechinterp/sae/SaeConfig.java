package mechinterp.sae;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Optional;

/**
 * What kind of sparse autoencoder, and how large. In JSON the field {@code architecture} names the
 * kind, as SAELens does.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "architecture")
@JsonSubTypes({
  @JsonSubTypes.Type(value = TopKConfig.class, name = TopKConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = BatchTopKConfig.class, name = BatchTopKConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = JumpReluConfig.class, name = JumpReluConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = MatryoshkaConfig.class, name = MatryoshkaConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = TranscoderConfig.class, name = TranscoderConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = HybridSaeConfig.class, name = HybridSaeConfig.ARCHITECTURE),
  @JsonSubTypes.Type(
      value = JumpReluTranscoderConfig.class,
      name = JumpReluTranscoderConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = CrosscoderConfig.class, name = CrosscoderConfig.ARCHITECTURE),
  @JsonSubTypes.Type(
      value = JumpReluCrosscoderConfig.class,
      name = JumpReluCrosscoderConfig.ARCHITECTURE),
  @JsonSubTypes.Type(
      value = CrossLayerTranscoderConfig.class,
      name = CrossLayerTranscoderConfig.ARCHITECTURE),
  @JsonSubTypes.Type(
      value = JumpReluCrossLayerTranscoderConfig.class,
      name = JumpReluCrossLayerTranscoderConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = MultiTopKConfig.class, name = MultiTopKConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = GroupMaxConfig.class, name = GroupMaxConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = SwitchConfig.class, name = SwitchConfig.ARCHITECTURE),
  @JsonSubTypes.Type(
      value = MatchingPursuitConfig.class,
      name = MatchingPursuitConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = StandardConfig.class, name = StandardConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = PAnnealConfig.class, name = PAnnealConfig.ARCHITECTURE),
  @JsonSubTypes.Type(value = GatedConfig.class, name = GatedConfig.ARCHITECTURE)
})
public sealed interface SaeConfig
    permits TopKConfig,
        BatchTopKConfig,
        JumpReluConfig,
        MatryoshkaConfig,
        HybridSaeConfig,
        TranscoderConfig,
        JumpReluTranscoderConfig,
        CrosscoderConfig,
        JumpReluCrosscoderConfig,
        CrossLayerConfig,
        MultiTopKConfig,
        GroupMaxConfig,
        SwitchConfig,
        MatchingPursuitConfig,
        StandardConfig,
        PAnnealConfig,
        GatedConfig {
  /** Returns the name of the kind as in SAELens' {@code cfg.json}. */
  String architecture();

  /** Returns the width of what is encoded: of an activation. */
  int dIn();

  /** Returns the width of what is made of the codes: d_in but for transcoders. */
  default int dOut() {
    return dIn();
  }

  /** Returns the number of latents. */
  int dSae();

  /**
   * Returns the widths of the hook points whose activations stand side by side in a row of its
   * data. The first d_in columns of a row are encoded, the last d_out are the target; for an
   * autoencoder both are all.
   */
  default List<Integer> siteWidths() {
    return List.of(dIn());
  }

  /** Returns the widths of the hook points whose activations are made of the codes. */
  default List<Integer> targetWidths() {
    return rowWidth() == dOut() ? siteWidths() : List.of(dOut());
  }

  /** Returns the width of a row of its data. */
  default int rowWidth() {
    return siteWidths().stream().mapToInt(Integer::intValue).sum();
  }

  /** Returns what messages call {@link #rowWidth}. */
  default String rowWidthName() {
    return rowWidth() == dIn() ? "d_in" : "d_in + d_out";
  }

  /** Returns whether b_dec is subtracted from what is encoded. */
  default boolean centresInput() {
    return true;
  }

  /** Returns whether what is encoded has an affine path to the target beside the latents. */
  default boolean skip() {
    return false;
  }

  /**
   * Returns the parts of the latents, one behind the other, that see and write columns of their
   * own: the latents as a whole, but for a cross-layer transcoder. All have the same number of
   * latents and see as many columns.
   */
  default List<LatentBlock> blocks() {
    return List.of(new LatentBlock(0, dSae(), 0, dIn(), 0));
  }

  /**
   * Returns how strong the penalty is that keeps its codes sparse, where it is trained with one.
   */
  default Optional<SparsityConfig> sparsityPenalty() {
    return Optional.empty();
  }
}
