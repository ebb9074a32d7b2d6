@rem What `exec` of package.json's start script is on Windows, which has no such command: npm's shell looks in this
@rem folder first. (Elsewhere exec makes the server npm's own child, so that npm passes SIGTERM and SIGINT on to it.)
@%*
