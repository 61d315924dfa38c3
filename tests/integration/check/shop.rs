//! The mesh that most tests are about.

/// A shop behind a gateway: a redirect, an answer, a fault, a rewrite with everything, a missing subset.
pub(super) const MESH: &str = r#"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: default}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: default}
spec: {selector: {app: shop}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: shadow, namespace: default}
spec: {selector: {app: shadow}, ports: [{name: http, port: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop, namespace: default}
spec:
  host: shop
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: default}
spec:
  hosts: [shop.example.com]
  gateways: [edge]
  http:
  - name: old
    match: [{uri: {prefix: /old}}]
    redirect: {uri: /new, authority: www.example.com, redirectCode: 302}
  - name: gone
    match: [{uri: {exact: /gone}}]
    directResponse: {status: 410, body: {string: "all gone"}}
  - name: broken
    match: [{uri: {exact: /broken}}]
    fault: {abort: {httpStatus: 503, percentage: {value: 100}}}
    route: [{destination: {host: shop, subset: v1}}]
  - name: api
    match: [{uri: {prefix: /api/}, method: {exact: GET}}]
    rewrite: {uri: /v2/, authority: api.internal}
    timeout: 3s
    retries: {attempts: 4, perTryTimeout: 1s, retryOn: 5xx}
    fault: {delay: {fixedDelay: 5s, percentage: {value: 10}}}
    mirrors: [{destination: {host: shadow}, percentage: {value: 25}}]
    headers:
      request: {set: {x-lane: blue}, remove: [x-secret]}
      response: {set: {x-served: "by shop"}, remove: [x-powered-by]}
    route:
    - {destination: {host: shop, subset: v1}, weight: 75, headers: {request: {set: {x-version: one}}}}
    - {destination: {host: shop, subset: v2}, weight: 25}
  - name: missing
    match: [{uri: {exact: /missing}}]
    route: [{destination: {host: shop, subset: v9}}]
"#;
