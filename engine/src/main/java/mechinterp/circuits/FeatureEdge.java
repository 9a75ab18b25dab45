package mechinterp.circuits;

import java.util.Optional;

/**
 * That a latent or an error acts on another one, or on the logits, by ways on which no other
 * autoencoder is.
 *
 * @param sender what acts
 * @param receiver on what; empty for the logits
 */
public record FeatureEdge(FeatureNode sender, Optional<FeatureNode> receiver) {
  /**
   * Returns the name that files use, such as {@code SENDER->RECEIVER} or {@code SENDER->logits}.
   */
  public String name() {
    return sender.name() + "->" + receiver.map(FeatureNode::name).orElse("logits");
  }
}
