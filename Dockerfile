# syntax=docker/dockerfile:1
# Roundhouse as an image: `docker build -t roundhouse .`, then
#   docker run -p 8080:8080 -v ./roundhouse.yaml:/etc/roundhouse/roundhouse.yaml:ro roundhouse
# docs/deploy.md says what else a container needs.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS manifest
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The lock file names this workspace, too; nothing of it is installed.
COPY bench/package.json bench/

# What it runs on, exactly as locked.
FROM manifest AS dependencies
RUN npm ci --omit=dev --workspaces=false --ignore-scripts

FROM manifest AS build
RUN npm ci --workspaces=false --ignore-scripts
COPY tsconfig.json ./
COPY src src
COPY workers workers
COPY dashboard dashboard
RUN npm run build

FROM node:${NODE}
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN ln -s /app/dist/src/cli.js /usr/local/bin/roundhouse \
 && install -d -o node -g node /var/lib/roundhouse /var/log/roundhouse
# By number, so that an orchestrator can see that it is not root.
USER 1000:1000
EXPOSE 8080
# The admin address answers on loopback, inside the container, unless the configuration says otherwise.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["roundhouse", "healthcheck"]
STOPSIGNAL SIGTERM
# The primary is process 1 itself: it gets the signals, and it waits for its workers.
ENTRYPOINT ["node", "/app/dist/src/cli.js"]
CMD ["-c", "/etc/roundhouse/roundhouse.yaml"]
