async function f() {}
f()
