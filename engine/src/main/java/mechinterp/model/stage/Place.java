package mechinterp.model.stage;

import mechinterp.model.HookPoint;

/** Where the hook points of a stage are: the start of their names. */
@FunctionalInterface
interface Place {
  /** Returns the hook point of a name inside the stage, such as {@code attn.hook_q}. */
  HookPoint of(String site);

  /** Returns the places in a block. */
  static Place block(int layer) {
    return site -> HookPoint.inBlock(layer, site);
  }

  /** Returns the places outside the blocks. */
  static Place outside() {
    return HookPoint::outside;
  }
}
