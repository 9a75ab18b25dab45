package mechinterp.cuda.simulator.driver;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;

/**
 * A Java method that is called from C. A method without result answers 0, or the status of the
 * {@link DriverException} that ended it.
 *
 * @param name of method and symbol
 * @param method from an array of arguments to an object
 * @param details where the reasons of failures go
 * @param unexpectedStatus the answer when something else was thrown
 */
record CFunction(String name, MethodHandle method, FailureDetails details, int unexpectedStatus) {

  /**
   * Makes the function of a public method.
   *
   * @throws IllegalStateException when its parameters are not those of the C function
   */
  static CFunction of(
      Object object,
      Method method,
      FunctionDescriptor descriptor,
      FailureDetails details,
      int unexpectedStatus) {
    if (!descriptor
        .toMethodType()
        .parameterList()
        .equals(
            MethodType.methodType(method.getReturnType(), method.getParameterTypes())
                .parameterList())) {
      throw new IllegalStateException(
          "%s: the method is %s, the C function %s"
              .formatted(method.getName(), method, descriptor.toMethodType()));
    }
    try {
      MethodHandle handle =
          MethodHandles.lookup()
              .unreflect(method)
              .bindTo(object)
              .asSpreader(Object[].class, method.getParameterCount())
              .asType(MethodType.methodType(Object.class, Object[].class));
      return new CFunction(method.getName(), handle, details, unexpectedStatus);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(method + ": not accessible", e);
    }
  }

  /** What is thrown through C ends the JVM, so nothing is. */
  Object call(Object[] arguments) {
    try {
      Object result = method.invoke(arguments);
      return result == null ? 0 : result;
    } catch (DriverException failure) {
      details.note(failure.status(), String.valueOf(failure.getMessage()));
      return failure.status();
    } catch (Throwable unexpected) {
      details.note(unexpectedStatus, name + ": " + unexpected);
      return unexpectedStatus;
    }
  }
}
