/** Call a method of an element that only the element itself calls, as its template and its events do. */
export function call(element: object, name: string, ...given: readonly unknown[]): unknown {
  const method = Reflect.get(element, name) as (...given: readonly unknown[]) => unknown;
  return method.apply(element, [...given]);
}
