package mechinterp.kernel;

/** How a matrix enters a product. */
public enum Operand {
  /** As it is stored. */
  AS_IS,
  /** Its transpose. */
  TRANSPOSED
}
