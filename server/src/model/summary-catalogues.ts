import type { Catalogue, Catalogues } from './summary.ts'

const en: Catalogue = {
  actors: {
    one: '{first}',
    two: '{first} and {second}',
    more: { one: '{first}, {second} and {count} other', other: '{first}, {second} and {count} others' },
  },
  objects: {
    POST: { plain: 'post', a: 'a post' },
    COMMENT: { plain: 'comment', a: 'a comment' },
    USER: { plain: 'profile', a: 'a profile' },
    STORY: { plain: 'story', a: 'a story' },
    CUSTOM: { plain: 'item', a: 'an item' },
  },
  sentences: {
    LIKE: { other: '{actors} liked your {object}' },
    COMMENT: { other: '{actors} commented on your {object}' },
    'COMMENT.COMMENT': { other: '{actors} replied to your comment' },
    FOLLOW: { other: '{actors} started following you' },
    MENTION: { other: '{actors} mentioned you in {object.a}' },
    SHARE: { other: '{actors} shared your {object}' },
    REACTION: { other: '{actors} reacted to your {object}' },
    CUSTOM: { other: '{actors} {verb}' },
  },
}

const de: Catalogue = {
  actors: {
    one: '{first}',
    two: '{first} und {second}',
    more: {
      one: '{first}, {second} und {count} weitere Person',
      other: '{first}, {second} und {count} weitere Personen',
    },
    cases: {
      dative: {
        one: '{first}',
        two: '{first} und {second}',
        more: {
          one: '{first}, {second} und {count} weiteren Person',
          other: '{first}, {second} und {count} weiteren Personen',
        },
      },
    },
  },
  objects: {
    POST: { plain: 'dein Beitrag', accusative: 'deinen Beitrag', a: 'einem Beitrag' },
    COMMENT: { plain: 'dein Kommentar', accusative: 'deinen Kommentar', a: 'einem Kommentar' },
    USER: { plain: 'dein Profil', accusative: 'dein Profil', a: 'einem Profil' },
    STORY: { plain: 'deine Story', accusative: 'deine Story', a: 'einer Story' },
    CUSTOM: { plain: 'dein Eintrag', accusative: 'deinen Eintrag', a: 'einem Eintrag' },
  },
  sentences: {
    LIKE: { other: '{actors.dative} gefällt {object}' },
    COMMENT: {
      one: '{actors} hat {object.accusative} kommentiert',
      other: '{actors} haben {object.accusative} kommentiert',
    },
    'COMMENT.COMMENT': {
      one: '{actors} hat auf deinen Kommentar geantwortet',
      other: '{actors} haben auf deinen Kommentar geantwortet',
    },
    FOLLOW: { one: '{actors} folgt dir jetzt', other: '{actors} folgen dir jetzt' },
    MENTION: { one: '{actors} hat dich in {object.a} erwähnt', other: '{actors} haben dich in {object.a} erwähnt' },
    SHARE: {
      one: '{actors} hat {object.accusative} geteilt',
      other: '{actors} haben {object.accusative} geteilt',
    },
    REACTION: {
      one: '{actors} hat auf {object.accusative} reagiert',
      other: '{actors} haben auf {object.accusative} reagiert',
    },
    CUSTOM: { other: '{actors}: {verb}' },
  },
}

const es: Catalogue = {
  actors: {
    one: '{first}',
    two: '{first} y {second}',
    more: { one: '{first}, {second} y {count} persona más', other: '{first}, {second} y {count} personas más' },
  },
  objects: {
    POST: { plain: 'publicación', a: 'una publicación' },
    COMMENT: { plain: 'comentario', a: 'un comentario' },
    USER: { plain: 'perfil', a: 'un perfil' },
    STORY: { plain: 'historia', a: 'una historia' },
    CUSTOM: { plain: 'elemento', a: 'un elemento' },
  },
  sentences: {
    LIKE: { one: 'A {actors} le gusta tu {object}', other: 'A {actors} les gusta tu {object}' },
    COMMENT: { one: '{actors} comentó tu {object}', other: '{actors} comentaron tu {object}' },
    'COMMENT.COMMENT': { one: '{actors} respondió a tu comentario', other: '{actors} respondieron a tu comentario' },
    FOLLOW: { one: '{actors} empezó a seguirte', other: '{actors} empezaron a seguirte' },
    MENTION: { one: '{actors} te mencionó en {object.a}', other: '{actors} te mencionaron en {object.a}' },
    SHARE: { one: '{actors} compartió tu {object}', other: '{actors} compartieron tu {object}' },
    REACTION: { one: '{actors} reaccionó a tu {object}', other: '{actors} reaccionaron a tu {object}' },
    CUSTOM: { other: '{actors}: {verb}' },
  },
}

const fr: Catalogue = {
  actors: {
    one: '{first}',
    two: '{first} et {second}',
    more: {
      one: '{first}, {second} et {count} autre personne',
      other: '{first}, {second} et {count} autres personnes',
    },
  },
  objects: {
    POST: { plain: 'votre publication', a: 'une publication' },
    COMMENT: { plain: 'votre commentaire', a: 'un commentaire' },
    USER: { plain: 'votre profil', a: 'un profil' },
    STORY: { plain: 'votre story', a: 'une story' },
    CUSTOM: { plain: 'votre élément', a: 'un élément' },
  },
  sentences: {
    LIKE: { one: '{actors} a aimé {object}', other: '{actors} ont aimé {object}' },
    COMMENT: { one: '{actors} a commenté {object}', other: '{actors} ont commenté {object}' },
    'COMMENT.COMMENT': {
      one: '{actors} a répondu à votre commentaire',
      other: '{actors} ont répondu à votre commentaire',
    },
    FOLLOW: { one: '{actors} vous suit désormais', other: '{actors} vous suivent désormais' },
    MENTION: { one: '{actors} vous a mentionné dans {object.a}', other: '{actors} vous ont mentionné dans {object.a}' },
    SHARE: { one: '{actors} a partagé {object}', other: '{actors} ont partagé {object}' },
    REACTION: { one: '{actors} a réagi à {object}', other: '{actors} ont réagi à {object}' },
    CUSTOM: { other: '{actors} : {verb}' },
  },
}

const ja: Catalogue = {
  actors: {
    one: '{first}さん',
    two: '{first}さんと{second}さん',
    more: { other: '{first}さん、{second}さん、他{count}人' },
  },
  objects: {
    POST: { plain: '投稿' },
    COMMENT: { plain: 'コメント' },
    USER: { plain: 'プロフィール' },
    STORY: { plain: 'ストーリー' },
    CUSTOM: { plain: 'アイテム' },
  },
  sentences: {
    LIKE: { other: '{actors}があなたの{object}に「いいね」しました' },
    COMMENT: { other: '{actors}があなたの{object}にコメントしました' },
    'COMMENT.COMMENT': { other: '{actors}があなたのコメントに返信しました' },
    FOLLOW: { other: '{actors}があなたをフォローしました' },
    MENTION: { other: '{actors}が{object}であなたをメンションしました' },
    SHARE: { other: '{actors}があなたの{object}をシェアしました' },
    REACTION: { other: '{actors}があなたの{object}にリアクションしました' },
    CUSTOM: { other: '{actors}：{verb}' },
  },
}

const zh: Catalogue = {
  actors: { one: '{first}', two: '{first}和{second}', more: { other: '{first}、{second}和其他{count}人' } },
  objects: {
    POST: { plain: '帖子' },
    COMMENT: { plain: '评论' },
    USER: { plain: '主页' },
    STORY: { plain: '快拍' },
    CUSTOM: { plain: '内容' },
  },
  sentences: {
    LIKE: { other: '{actors}赞了你的{object}' },
    COMMENT: { other: '{actors}评论了你的{object}' },
    'COMMENT.COMMENT': { other: '{actors}回复了你的评论' },
    FOLLOW: { other: '{actors}关注了你' },
    MENTION: { other: '{actors}在{object}中提到了你' },
    SHARE: { other: '{actors}分享了你的{object}' },
    REACTION: { other: '{actors}回应了你的{object}' },
    CUSTOM: { other: '{actors}：{verb}' },
  },
}

export const builtInCatalogues: Catalogues = { en, de, es, fr, ja, zh }
